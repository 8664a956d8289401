"""The application's environment: made by the image's Python, fed by this host's pip settings.

Another Python's site-packages would not fit, so pip runs inside the image. What makes the package
index reachable (pip's settings, certificates, proxies, local wheel folders) is lent to it for that
one run and stays out of the image.
"""

import ast
import os
import re
import shutil
import sys
from pathlib import Path

from sandbox.machine import cache, command, contain
from sandbox.machine.recipe import Recipe

VENV = "/data/ATUM DESK/atum-desk/venv"
"""One for every release; the application's folder links to it."""

_SCRIPT = Path(__file__).with_name("python.sh")
_LENT_VARIABLE = re.compile(r"(?i)PIP_.*|.*_proxy|SSL_CERT_(FILE|DIR)|REQUESTS_CA_BUNDLE")
_PATH = re.compile(r"(?:file://)?(/[^\s:]+)")
_OWN = {"PIP_CACHE_DIR": "/var/cache/pip", "PIP_CONFIG_FILE": "/dev/null", "PIP_NO_INPUT": "1"}


def layer(recipe: Recipe, below: Path) -> Path:
    """Return the folder of the layer: ``upper`` holds the virtual environment.

    Args:
        recipe: Says which packages and whose they are.
        below: The folder of the Debian layer.
    """
    inputs: list[str | Path] = [below.name, *recipe.requirements, recipe.user, VENV, _SCRIPT]

    def build(at: Path) -> None:
        script = [str(_SCRIPT), VENV, recipe.user, *recipe.requirements]
        cached = f"--bind={_wheels()}:{_OWN['PIP_CACHE_DIR']}"
        contain.run(at, [below / "root"], script, [*_lent(settings()), cached])
        for left in (at / "upper").iterdir():
            if left.name != "data":  # mount points of what was lent
                shutil.rmtree(left)

    return cache.layer("python", cache.digest(inputs), build)


def settings() -> dict[str, str]:
    """Return what makes this host's pip reach its index, as environment variables.

    Settings from its configuration files come first and its environment overrides them, as in pip.
    """
    found = {}
    listed = command.output([*_pip(), "config", "list"])
    for line in listed.splitlines():
        name, _, value = line.partition("=")
        section, _, option = name.partition(".")
        if section in {"global", "install"}:
            variable = f"PIP_{option.upper().replace('-', '_')}"
            found[variable] = " ".join(str(ast.literal_eval(value)).split())
    lent = {name: value for name, value in os.environ.items() if _LENT_VARIABLE.fullmatch(name)}
    return {**found, **lent}


def _pip() -> list[str]:
    """Return the command of this host's pip, of this environment where it has one."""
    return ["pip"] if shutil.which("pip") else [sys.executable, "-m", "pip"]


def _wheels() -> Path:
    """Return the folder of downloads that outlives a build."""
    folder = cache.home() / "wheels"
    folder.mkdir(exist_ok=True)
    return folder


def _lent(variables: dict[str, str]) -> list[str]:
    """Return systemd-nspawn's options that lend variables and the files that they name."""
    named = set()
    for variable, value in variables.items():
        for path in _PATH.findall(value):
            # A local index links to files that lie beside it.
            named.add(str(Path(path).parent) if variable.endswith("INDEX_URL") else path)
    files = {"/etc/resolv.conf", "/etc/hosts", *named}
    binds = [f"--bind-ro={path}" for path in sorted(files - {"/"}) if Path(path).exists()]
    seen = {**variables, **_OWN}
    return binds + [f"--setenv={name}={value}" for name, value in sorted(seen.items())]
