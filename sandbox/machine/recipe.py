"""What the machine is made of, as ``machine.toml`` says it."""

import sys
from dataclasses import dataclass
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_FILE = Path(__file__).with_name("machine.toml")


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """The contents of the image.

    Attributes:
        suite: Debian release.
        packages: Debian packages that are installed.
        masked: Units that never start.
        hostname: What the machine calls itself.
        user: Who logs in and owns the application; uid and gid 1000.
        requirements: Python packages in the application's ``.venv``.
        cluster: Version of the PostgreSQL cluster ``main``.
    """

    suite: str
    packages: list[str]
    masked: list[str]
    hostname: str
    user: str
    requirements: list[str]
    cluster: str


def load() -> Recipe:
    """Read ``machine.toml``."""
    raw = tomllib.loads(_FILE.read_text())
    debian, host = raw["debian"], raw["host"]
    return Recipe(
        suite=debian["suite"],
        packages=debian["packages"],
        masked=debian["masked"],
        hostname=host["name"],
        user=host["user"],
        requirements=raw["python"]["requirements"],
        cluster=raw["database"]["version"],
    )
