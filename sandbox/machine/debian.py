"""The machine's Debian: packages by mmdebstrap from the mirror this host's apt already uses."""

import os
import re
import shlex
from pathlib import Path

from sandbox.machine import cache, command
from sandbox.machine.error import MachineError
from sandbox.machine.recipe import Recipe

MIRROR_VARIABLE = "ATUM_GATE_MACHINE_MIRROR"
"""Environment variable that names a Debian mirror where apt knows none (hosts not Debian)."""

_SCRIPT = Path(__file__).with_name("debian.sh")
_WITHIN_S = 1800.0
_CARRIED = re.compile(r"Acquire::(http|https|Check-Valid-Until|Check-Date|Retries)\b.* \"[^\"]")
"""Settings of this host's apt that make its mirror reachable: proxies, clocks, retries."""


def layer(recipe: Recipe) -> Path:
    """Return the folder of the layer: ``root`` is the file system."""
    key = cache.digest([*_argv(recipe), _SCRIPT])
    return cache.layer("debian", key, lambda at: _build(recipe, at))


def mirror() -> str:
    """Return the address of the Debian archive that this host's apt is set up for.

    Raises:
        MachineError: It has none, or no list of one has been fetched yet.
    """
    named = os.environ.get(MIRROR_VARIABLE)
    if named:
        return named
    wanted = "$(ORIGIN)\t$(RELEASE)\t$(REPO_URI)"
    asked = ["apt-get", "indextargets", "--format", wanted, "Created-By: Packages"]
    for line in command.output(asked).splitlines():
        origin, release, uri = line.split("\t")
        if origin == "Debian" and "-" not in release:
            return uri
    raise MachineError(
        "this host's apt knows no Debian archive (`apt-get indextargets`): run `apt-get update`, "
        f"or name a mirror in {MIRROR_VARIABLE}"
    )


def settings() -> list[str]:
    """Return the settings of this host's apt that its mirror may need, as apt.conf lines."""
    dumped = command.output(["apt-config", "dump", "Acquire"])
    return [line for line in dumped.splitlines() if _CARRIED.match(line)]


def _argv(recipe: Recipe) -> list[str]:
    """Return mmdebstrap's options: all that decides what is in the layer, and nothing else."""
    named = [recipe.hostname, recipe.user, " ".join(recipe.masked)]
    return [
        "mmdebstrap",
        "--variant=apt",
        f"--include={','.join(recipe.packages)}",
        '--aptopt=APT::Install-Recommends "false"',
        f'--customize-hook=chroot "$1" sh /{_SCRIPT.name} {" ".join(map(shlex.quote, named))}',
        f'--customize-hook=rm "$1/{_SCRIPT.name}"',
        recipe.suite,
    ]


def _build(recipe: Recipe, at: Path) -> None:
    """Fill the layer: packages and the host's own settings."""
    program, *options = _argv(recipe)
    copied = f'--customize-hook=cp {shlex.quote(str(_SCRIPT))} "$1/"'
    reached = [f"--aptopt={line}" for line in settings()]
    line = [program, copied, *reached, *options, str(at / "root"), mirror()]
    command.output(line, within_s=_WITHIN_S, log=at / "log")
