"""The key that signs evidence, as a target names it: where it is, and never what it is."""

from __future__ import annotations

from typing import Annotated

import pydantic

from gate.redis import EnvName
from gate.rule import One, Rule
from gate.toml import Strict

Word = Annotated[str, pydantic.Field(min_length=1)]


class Evidence(Strict):
    """Whose key signs the evidence of a run; the key itself stands in no file of the gate.

    Attributes:
        key: File of the private key (PEM or OpenSSH's form), from the folder of this target.
        key_env: Variable that holds the private key itself, as CI servers hand it out.
        agent: The key of ssh-agent to sign with: its fingerprint (``SHA256:…``) or its comment.
        certificate: File of the X.509 certificate (PEM) of that key.
        passphrase_env: Variable with the passphrase of the key.
    """

    key: Word | None = None
    key_env: EnvName | None = None
    agent: Word | None = None
    certificate: Word | None = None
    passphrase_env: EnvName | None = None

    RULES = (Rule(One("key", "key_env", "agent"), "needs key, key_env or agent, and one of them"),)
