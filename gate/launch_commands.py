"""The commands of a target that the gate starts itself."""

from __future__ import annotations

from typing import Annotated

import pydantic

from gate.toml import Strict

Words = Annotated[tuple[str, ...], pydantic.Field(min_length=1)]
"""A command as an argument list; ``{python}``, ``{name}`` and ``{pid}`` are filled in."""


class Launcher(Strict):
    """The commands of a target that the gate starts itself, and takes down after the run.

    ``{name}`` is the instance's name, ``{pid}`` the gate's process, ``{python}`` its Python.

    Attributes:
        title: What is started, in words.
        cwd: Where the commands run, relative to the target's file.
        up: Brings an instance up, and returns when it is ready.
        down: Takes it down with everything that it left.
        status: Prints a JSON object, as `gate.launcher.Instance` says.
        standing: Name of an instance that a person keeps: where it runs, it is used as it is.
        up_within_s, down_within_s: How long the commands may take, in seconds.
        needs: What to install where the commands cannot be run.
    """

    title: Annotated[str, pydantic.Field(min_length=1)]
    cwd: str = "."
    up: Words
    down: Words
    status: Words
    standing: str = "default"
    up_within_s: Annotated[float, pydantic.Field(gt=0, le=600)] = 90.0
    down_within_s: Annotated[float, pydantic.Field(gt=0, le=600)] = 30.0
    needs: str = ""
