"""That a target may be broken on purpose, and how."""

from __future__ import annotations

from typing import Annotated

import pydantic

from gate.toml import Strict


class Drill(Strict):
    """That faults may be done to this target on purpose, by ``gate drill``.

    Attributes:
        place: What kind of place this is, in the words of the faults' ``where``.
        throwaway: Why it may be broken: nothing that anybody needs runs there. Only an embedded
            target, which the gate starts itself, needs no reason.
        sql: Shell command on the host that takes SQL on its standard input as a role that may
            change the schema, and answers values without decoration, such as
            ``runuser -u postgres -- psql -XqAt -v ON_ERROR_STOP=1 -f - desk``.
    """

    place: Annotated[str, pydantic.Field(pattern=r"^[\w.-]+$")]
    throwaway: str = ""
    sql: str = ""
