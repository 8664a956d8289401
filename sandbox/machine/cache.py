"""Layers of the image: made once, named by what went into them, kept outside the checkout."""

import contextlib
import fcntl
import hashlib
import os
import shutil
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from sandbox.machine.error import MachineError

_AWKWARD = set(":,\\\"' \n\t")
"""Characters that the overlay's mount options cannot carry."""

_UNUSED_S = 7 * 86_400.0
"""Seconds after which a layer that nobody asked for is removed."""


def home() -> Path:
    """Return this package's folder under ``$XDG_CACHE_HOME`` (``~/.cache``), made where absent.

    Raises:
        MachineError: Its path has a character that an overlay mount cannot carry.
    """
    base = os.environ.get("XDG_CACHE_HOME") or str(Path("~/.cache").expanduser())
    found = Path(base).resolve() / "atum-desk-gate" / "machine"
    if _AWKWARD & set(str(found)):
        raise MachineError(
            f"the cache folder {str(found)!r} has a character that overlay mounts cannot carry; "
            f"point XDG_CACHE_HOME to a plain path"
        )
    found.mkdir(parents=True, exist_ok=True, mode=0o700)
    return found


@contextlib.contextmanager
def locked(name: str) -> Iterator[None]:
    """Hold one of the cache's locks; it goes with the process, however that ends."""
    with (home() / f"{name}.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def digest(parts: Iterable[str | Path]) -> str:
    """Return the name that inputs give to a layer.

    Args:
        parts: Text as it is; a file or folder by its relative names, modes and contents.
    """
    seen = hashlib.sha256()
    for part in parts:
        if isinstance(part, str):
            seen.update(f"text {part}\0".encode())
            continue
        for path in sources(part):
            mode = path.stat().st_mode & 0o111
            seen.update(f"file {path.relative_to(part.parent)} {mode:o}\0".encode())
            seen.update(hashlib.sha256(path.read_bytes()).digest())
    return seen.hexdigest()[:16]


def sources(root: Path) -> list[Path]:
    """Return the files under a path (or the file itself) that are somebody's source, sorted."""
    if root.is_file():
        return [root]
    return sorted(
        path
        for path in root.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyc"
    )


def layer(name: str, key: str, build: Callable[[Path], None]) -> Path:
    """Return the folder of a layer, building it where it is absent.

    Args:
        name: What the layer is; ``key`` says which one.
        key: Digest of everything that went into it.
        build: Fills the empty folder it is given; what it leaves when it fails is removed.
    """
    shelf = home() / "layers"
    wanted = shelf / f"{name}-{key}"
    if wanted.is_dir():
        os.utime(wanted)
        return wanted
    with locked(f"layer-{name}"):
        if wanted.is_dir():
            return wanted
        shelf.mkdir(exist_ok=True)
        for left in shelf.glob(f".{name}-*"):
            shutil.rmtree(left)
        making = shelf / f".{name}-{uuid.uuid4().hex}"
        making.mkdir()
        try:
            build(making)
        except BaseException:
            shutil.rmtree(making)
            raise
        making.rename(wanted)
    return wanted


def prune(keep: Iterable[Path]) -> list[Path]:
    """Remove the layers that nobody has asked for in `_UNUSED_S` and that are not in ``keep``.

    Returns:
        Those that were removed.
    """
    old = time.time() - _UNUSED_S
    kept = set(keep)
    found = [path for path in (home() / "layers").iterdir() if path.stat().st_mtime < old]
    found = [path for path in found if path not in kept]
    for path in found:
        shutil.rmtree(path)
    return found
