"""How PostgreSQL is to print values: whatever a role or a database has it print them like."""

from __future__ import annotations

PRINTED = (
    "-c datestyle=ISO -c intervalstyle=postgres -c timezone=UTC -c bytea_output=hex "
    "-c extra_float_digits=1 -c quote_all_identifiers=off -c standard_conforming_strings=on"
)
"""Options of a session. Of a float every digit that counts is shown, of a time the offset; what a
definition is like does not depend on whose session prints it."""
