"""The gate's own commands: ``python -m gate schema`` and ``python -m gate record``."""

from __future__ import annotations

import argparse
import json
import sys

from gate import record
from gate.contract.schema import schema
from gate.errors import GateError
from gate.kinds.registry import kinds


def main() -> int:
    """Run a command; 0 when it did what it should, 1 when it could not, 2 for wrong options."""
    parser = argparse.ArgumentParser(prog="python -m gate", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("schema", help="print the contract's JSON Schema, for editors")
    record.add_arguments(commands.add_parser("record", help="write a live database as a chapter"))
    options = parser.parse_args()
    try:
        if options.command == "record":
            return record.run(options, print)
        print(json.dumps(schema(kinds()), indent=2))
    except GateError as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
