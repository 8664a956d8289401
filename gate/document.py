"""Parts of the documents that the gate keeps: immutable, and read strictly."""

from __future__ import annotations

import pydantic


class Model(pydantic.BaseModel):
    """Base of everything that was seen: immutable, and no key that nobody knows."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")
