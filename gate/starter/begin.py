"""The files of a beginning: they promise what a first look has seen, and nothing else."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import os
import pathlib
import string
from collections.abc import Mapping

from gate.kinds.clock import WITHIN_S, skew
from gate.kinds.runtime import version_in
from gate.recorder.chapters import schema_line
from gate.report import product
from gate.sources.fact import Seen, require
from gate.sources.host.facts import HostFacts
from gate.sources.host.questions import AskOutput, AskPath
from gate.sources.look import look_at
from gate.sources.observed import Observed
from gate.starter import texts
from gate.target import Target

EVERYWHERE = "/etc"
"""A folder that a host has of which nothing is known yet."""
PYTHON = "runtime.python"
VERSION = r"Python (\d+\.\d+)"
CI: Mapping[str, tuple[str, str]] = {
    "github": (".github/workflows/gate.yml", texts.GITHUB),
    "gitlab": (".gitlab-ci.yml", texts.GITLAB),
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Places:
    """Where the files go.

    Attributes:
        root: The project's folder.
        contract, targets, schemas: Folders.
    """

    root: pathlib.Path
    contract: pathlib.Path
    targets: pathlib.Path

    @property
    def schemas(self) -> pathlib.Path:
        """The folder of the schemas."""
        return self.root / ".gate" / "schemas"


def files(target: Target, places: Places, ci: str) -> dict[pathlib.Path, str]:
    """Look at a target once, and return the text of every file.

    Args:
        target: What stands in its file: its name, title and host.
        places: Where the files go.
        ci: A key of `CI`, or another word for no job.

    Raises:
        ObservationError: The target cannot be looked at, so that nothing can be promised of it.
    """
    folder = str(places.root.resolve()) if target.host == "local://" else EVERYWHERE
    asked = [AskPath(folder), AskOutput(PYTHON, ("python3", "--version"))]
    observed = look_at(target, "predeploy", asked)
    host = require(observed.host, f"look at {target.host}, so nothing is written")
    values = {
        "day": dt.datetime.now(dt.timezone.utc).date().isoformat(),
        "name": target.name,
        "product": product.NAME,
        "title": _quoted(target.title),
        "host": _quoted(target.host),
    }
    found = {
        places.targets / f"{target.name}.toml": _filled(texts.TARGET, values),
        places.contract / "paths.toml": _filled(texts.PATHS, {**values, **_path(host, folder)}),
        places.contract / "runtimes.toml": _runtimes(host, observed, values),
    }
    if ci in CI:
        name, text = CI[ci]
        found[places.root / name] = _filled(text, values)
    return {file: _headed(file, text, places) for file, text in found.items() if text}


def _filled(text: str, values: Mapping[str, str]) -> str:
    """Fill in once: what is filled in may hold a dollar of its own."""
    return string.Template(text).substitute(values)


def _headed(file: pathlib.Path, text: str, places: Places) -> str:
    """A TOML file begins with its schema."""
    if file.suffix != ".toml":
        return text
    schema = "target" if file.parent == places.targets else file.stem
    where = os.path.relpath(places.schemas, file.parent)
    return f"{schema_line(schema, where)}\n{text}"


def _path(host: HostFacts, folder: str) -> dict[str, str]:
    found = require(host.paths[folder], f"look at {folder}, so nothing is written")
    return {
        "key": "home",
        "path": _quoted(folder),
        "type": _quoted(found.type),
        "owner": _quoted(found.owner),
        "mode": _quoted(found.mode),
    }


def _runtimes(host: HostFacts, observed: Observed, values: Mapping[str, str]) -> str:
    """The clock and Python, where the host has them so that they can be promised."""
    parts = []
    off = skew(host.identity.clock, *observed.under_way("host"))
    if abs(off) <= WITHIN_S:
        parts.append(_filled(texts.CLOCK, {**values, "within": f"{WITHIN_S:g}"}))
    output = host.outputs[PYTHON]
    version = version_in(output.value, VERSION) if isinstance(output, Seen) else output
    if isinstance(version, Seen):
        found = {"key": "python", "version": version.value}
        parts.append(_filled(texts.RUNTIME, {**values, **found}))
    return "".join(parts)


def _quoted(text: str) -> str:
    """A text as TOML writes it."""
    return json.dumps(text, ensure_ascii=False)
