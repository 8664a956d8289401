"""The application on the machine: both releases, its units, its roles and its seeded database."""

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
    parts = [_SANDBOX / name for name in ("app", "standins", "units")]
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
    (lent / "seed").write_text(f"SEED_PASSWORD={kept['user']}\n")
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
    for name in ("before", "after"):
        folder = desk / "releases" / name
        shutil.copytree(_SANDBOX / "app" / "before", folder, ignore=release.LEAVE_OUT)
        (folder / ".venv").symlink_to(Path(python.VENV))
    after = desk / "releases" / "after"
    enhancement = _SANDBOX / "app" / "enhancement"
    shutil.copytree(enhancement, after, dirs_exist_ok=True, ignore=release.LEAVE_OUT)
    (desk / "api").symlink_to("releases/before")
    (desk / "data" / "uploads").mkdir(parents=True)
    present, coming = desk / "infra" / "systemd", after / "infra" / "systemd"
    for folder, units in ((present, release.UNITS_BEFORE), (coming, release.UNITS_NEW)):
        folder.mkdir(parents=True)
        for name in units:
            if name not in DEBIAN_UNITS:
                text = (_SANDBOX / "units" / name).read_text("utf-8")
                text = release.render(text, "", 0, recipe.user, "postgres")
                (folder / name).write_text(text, "utf-8")
    _program(after / "infra" / "prometheus-node-exporter", "node_exporter")
    lines = "".join(f"{key}={value}\n" for key, value in _environment(kept).items())
    (desk / "env").write_text(lines)


def _own(folder: Path) -> None:
    """Lay out the stand-ins beside the modules that they share with the application."""
    for name in ("standins", "app/before"):
        shutil.copytree(_SANDBOX / name, folder / name, ignore=release.LEAVE_OUT)
    _program(folder / "ollama", "ollama")


def _program(file: Path, standin: str) -> None:
    """Write a program that starts a stand-in."""
    file.write_text(f'#!/bin/sh\nexec /usr/bin/python3 {OWN}/standins/{standin}.py "$@"\n')
    file.chmod(0o755)


def _environment(kept: dict[str, str]) -> dict[str, str]:
    """Return the application's environment file, to be read by systemd and by ``sh``."""
    return {
        "DATABASE_URL": f"postgresql+asyncpg://atum:{kept['atum']}@127.0.0.1:5432/atum_desk",
        "OLLAMA_URL": "http://127.0.0.1:11434",
        "API_URL": "http://127.0.0.1:8000",
        "JWT_SECRET": kept["jwt"],
        "UPLOAD_DIR": f"'{DESK}/data/uploads'",
        "EXPORT_DIR": "/opt/atum-desk/data",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _sql(kept: dict[str, str]) -> str:
    """Return what makes the roles and the empty database, as psql takes it."""
    return f"{postgres.ROLES.format(**kept)}\\connect atum_desk\n{postgres.SCHEMA}"
