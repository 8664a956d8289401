"""The application on the machine: its repository, its units, its roles and its seeded database."""

import json
import secrets
import shutil
from pathlib import Path

from sandbox import postgres, release
from sandbox.machine import cache, contain, python
from sandbox.machine.recipe import Recipe

DESK = "/data/ATUM DESK/atum-desk"
OWN = "/usr/local/lib/atum-desk"
"""Where on the machine the stand-ins lie, with what they import of the application."""

DEBIAN_UNITS = ("postgresql.service", "postgresql@16-main.service", "redis-server.service")
"""Units that come with Debian's packages here, not from the sandbox's templates."""

_SANDBOX = Path(release.__file__).parent
_SCRIPT = Path(__file__).with_name("release.sh")
_LENT = "/run/lent"
_WEBHOOK = "http://127.0.0.1:8025/desk"
_SECRETS = ("atum", "gate", "rehearsal", "user", "jwt")


def layer(recipe: Recipe, below: Path, lowers: list[Path]) -> Path:
    """Return the folder of the layer.

    Its ``upper`` is the application on top of the layers below, ``secrets.json`` the passwords
    that were made for it, ``seed.json`` what the seed says about itself.

    Args:
        recipe: Names the user and the cluster.
        below: The folder of the layer below.
        lowers: Roots of all layers below, topmost first.
    """
    parts = [_SANDBOX / name for name in ("app", "standins", "units", "release.py")]
    words = [below.name, recipe.user, recipe.cluster, DESK, OWN, _sql(dict.fromkeys(_SECRETS, ""))]
    key = cache.digest([*words, _SCRIPT, Path(__file__), *parts])
    return cache.layer("release", key, lambda at: _build(recipe, at, lowers))


def _build(recipe: Recipe, at: Path, lowers: list[Path]) -> None:
    """Fill the layer."""
    kept = {name: secrets.token_hex(16) for name in _SECRETS}
    lent = at / "lent"
    (lent / "out").mkdir(parents=True, mode=0o777)
    _desk(lent / "desk", recipe, kept)
    _own(lent / "own")
    (lent / "seed").write_text(f"SEED_PASSWORD={kept['user']}\nSEED_WEBHOOK={_WEBHOOK}\n")
    (lent / "database.sql").write_text(_sql(kept))
    words = [DESK, OWN, recipe.user, recipe.cluster]
    contain.run(at, lowers, [str(_SCRIPT), _LENT, *words], [f"--bind={lent}:{_LENT}"])
    (lent / "out" / "seed.json").rename(at / "seed.json")
    shutil.rmtree(lent)
    secret = at / "secrets.json"
    secret.touch(mode=0o600)
    secret.write_text(json.dumps(kept))


def _desk(desk: Path, recipe: Recipe, kept: dict[str, str]) -> None:
    """Lay out the application's folder as it is on the host."""
    units = release.units("", 0, recipe.user, "postgres")
    new = {name: units[name] for name in release.UNITS_NEW}
    desk.mkdir(parents=True)
    release.keep_both(desk / "api", new, _program("node_exporter"))
    (desk / "api" / ".venv").symlink_to(Path(python.VENV))
    (desk / "data" / "uploads").mkdir(parents=True)
    (desk / "infra" / "systemd").mkdir(parents=True)
    for name in release.UNITS_BEFORE:
        if name not in DEBIAN_UNITS:
            (desk / "infra" / "systemd" / name).write_text(units[name], "utf-8")
    lines = "".join(f"{key}={value}\n" for key, value in _environment(kept).items())
    (desk / "api" / ".env").write_text(lines)


def _own(folder: Path) -> None:
    """Lay out the stand-ins beside the modules that they share with the application."""
    for name in ("standins", "app/before"):
        shutil.copytree(_SANDBOX / name, folder / name, ignore=release.LEAVE_OUT)
    for name, standin in (("ollama", "ollama"), ("desk-outside", "mail")):
        (folder / name).write_text(_program(standin))
        (folder / name).chmod(0o755)


def _program(standin: str) -> str:
    """A program that starts a stand-in."""
    return f'#!/bin/sh\nexec /usr/bin/python3 {OWN}/standins/{standin}.py "$@"\n'


def _environment(kept: dict[str, str]) -> dict[str, str]:
    """Return the application's environment file, to be read by systemd and by ``sh``."""
    return {
        "DATABASE_URL": f"postgresql+asyncpg://atum:{kept['atum']}@127.0.0.1:5432/atum_desk",
        "OLLAMA_URL": "http://127.0.0.1:11434",
        "API_URL": "http://127.0.0.1:8000",
        "JWT_SECRET": kept["jwt"],
        "UPLOAD_DIR": f"'{DESK}/data/uploads'",
        "EXPORT_DIR": "/opt/atum-desk/data",
        "IMAP_HOST": "127.0.0.1",
        "IMAP_PORT": "1143",
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": "2525",
        "FAULT_FILE": f"'{DESK}/data/fault'",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _sql(kept: dict[str, str]) -> str:
    """Return what makes the roles and the empty database, as psql takes it."""
    return f"{postgres.ROLES.format(**kept)}\\connect atum_desk\n{postgres.SCHEMA}"
