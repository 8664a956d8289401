"""Runtimes: which version is there."""

from __future__ import annotations

import re
import shlex

from gate.contract.kinds import Runtime
from gate.contract.model import Promise
from gate.errors import ObservationError
from gate.kinds.finding import Finding
from gate.kinds.scene import Scene
from gate.sources.fact import Absent, Fact, told


def runtime(promise: Promise, scene: Scene) -> Finding:
    """Compare a version."""
    item = scene.item(promise, Runtime)
    id_ = promise.id
    version = seen_version(item, scene, id_)
    promised = "not installed" if item.absent else f"version {item.version}"
    look = shlex.join(item.command) if item.command else ""
    if isinstance(version, Absent):
        broken = () if item.absent else (f"{item.label} is not installed",)
        return Finding(
            promised=promised, seen=f"not installed ({version.proof})", broken=broken, look=look
        )
    if item.absent:
        broken = (f"{item.label} is installed: {version}",)
    elif version == item.version or version.startswith(f"{item.version}."):
        broken = ()
    else:
        broken = (f"{item.label} is version {version}",)
    return Finding(promised=promised, seen=f"version {version}", broken=broken, look=look)


def seen_version(item: Runtime, scene: Scene, id_: str) -> str | Absent:
    """Return the version that is there, such as ``16.11``.

    Raises:
        ObservationError: It cannot be told.
    """
    if item.server is not None:
        return scene.database.server_version.split()[0]
    if item.extension is not None:
        found = scene.database.catalog.extensions.get(item.extension)
        return found or Absent(proof=f"no row {item.extension} in pg_extension")
    asked = scene.host.packages if item.package else scene.host.outputs
    text = told(_asked(asked, id_))
    if isinstance(text, Absent) or item.package:
        return text
    match = re.search(item.pattern, text)
    if match is None:
        raise ObservationError(
            f"cannot tell (upstream): no version like {item.pattern!r} in the output {text[:200]!r}"
        )
    return str(match[1])


def _asked(answers: dict[str, Fact[str]], id_: str) -> Fact[str]:
    if id_ not in answers:
        raise ObservationError(f"cannot tell: {id_} was not asked for in this look")
    return answers[id_]
