"""Containers that podman really runs: what is promised of them, and what breaks it."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
from collections.abc import Callable, Iterator

import pytest

from gate.contract.model import Contract
from gate.recorder.live import record
from gate.target import Target
from sandbox.machine.error import MachineError
from tests.machine import container
from tests.selftest.promised import check, lying
from tests.selftest.promised import judge as judge_at

IMAGE, NEXT = "localhost/cache:1.4", "localhost/cache:1.5"
READY_S = 20.0
NOTHING = Contract(system="", cwd="/", folder="/nowhere", sha256="", promises={})
Podman = Callable[..., str]


@pytest.fixture
def podman(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Podman]:
    """Podman with a storage of its own, and two images of a shell that waits."""
    if os.geteuid() != 0 or not all(map(shutil.which, container.PROGRAMS)):
        pytest.skip("containers need root, podman and runc")
    box = container.Container(f"gate-{os.getpid()}", tmp_path / "box")
    box.folder.mkdir()
    container.configure(box.folder, monkeypatch)
    for image, marked in ((IMAGE, "4"), (NEXT, "5")):
        box.podman("import", str(archive(tmp_path / f"root-{marked}", marked)), image)
    try:
        yield box.podman
    finally:
        box.podman("rm", "--force", "--time=0", "--all")
        container.clear(box)


def archive(root: pathlib.Path, marked: str) -> pathlib.Path:
    """A file system of few programs and what they are linked with, as a tar archive."""
    (root / "bin").mkdir(parents=True)
    (root / "mark").write_text(marked, "utf-8")
    for program in ("sh", "sleep", "true", "false"):
        real = pathlib.Path(shutil.which(program) or "").resolve()
        shutil.copy(real, root / "bin" / program)
        linked = subprocess.run(["ldd", real], capture_output=True, text=True, check=True).stdout  # noqa: S603, S607
        for library in (word for word in linked.split() if word.startswith("/")):
            place = root / library[1:]
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(pathlib.Path(library).resolve(), place)
    file = root.with_suffix(".tar")
    subprocess.run(["tar", "-C", root, "-cf", file, "."], check=True, timeout=READY_S)  # noqa: S603, S607
    return file


def start(podman: Podman, *words: str, image: str = IMAGE) -> str:
    """Start the cache; return its name."""
    name = f"gate-{os.getpid()}-cache"
    group = f"--cgroup-parent=/gate-{os.getpid()}"
    podman("run", "--detach", f"--name={name}", group, *words, image, "/bin/sleep", "300")
    return name


def host(folder: pathlib.Path) -> Target:
    """This host, whose podman keeps everything there."""
    kept = [f"{one}={os.environ[one]}" for one in ("CONTAINERS_CONF", "CONTAINERS_STORAGE_CONF")]
    return lying(folder, podman=f'exec env {" ".join(kept)} {shutil.which("podman")} "$@"')


def judge(folder: pathlib.Path, items: dict[str, str]) -> dict[str, str]:
    """What is said of some items."""
    return judge_at(folder, items, host(folder))


def promised(name: str) -> dict[str, str]:
    """What is promised of it."""
    of = f'container = "{name}"\nengine = "podman"\n'
    return {
        "container.image": f'{of}image = "{IMAGE}"',
        "container.health": f'{of}health = "healthy"',
        "container.restarts": f"{of}at_most_restarts = 0",
        "container.away": f'{of.replace(name, "gate-no-such")}before = "absent"\nstate = "running"',
    }


HEALTH = ("--health-interval=disable", "--health-retries=1", "--health-cmd")


def test_it_runs_as_promised_and_is_recorded(podman: Podman, tmp_path: pathlib.Path) -> None:
    """Every promise holds, and so does what is written of it."""
    name = start(podman, *HEALTH, "/bin/true")
    podman("healthcheck", "run", name)
    assert {*judge(tmp_path, promised(name)).values()} == {""}
    text = record(host(tmp_path), NOTHING, ("containers",))[0]["containers"]
    for line in (f'container = "{name}"', f'image = "{IMAGE}"', 'health = "healthy"'):
        assert line in text
    digest = podman("image", "inspect", "--format={{.Id}}", IMAGE).strip()
    assert f'digest = "sha256:{digest}"' in text


def test_what_breaks_it(podman: Podman, tmp_path: pathlib.Path) -> None:
    """Unhealthy, stopped, of another image, gone: each is named."""
    name = start(podman, *HEALTH, "/bin/false")
    with pytest.raises(MachineError):
        podman("healthcheck", "run", name)
    assert judge(tmp_path, promised(name))["container.health"] == "health is unhealthy"
    podman("stop", "--time=0", name)
    check(judge(tmp_path, promised(name)), dict.fromkeys(names()[:3], "state is exited"))
    podman("rm", "--force", name)
    check(judge(tmp_path, promised(name)), dict.fromkeys(names()[:3], "there is no container"))
    start(podman, image=NEXT)
    said = {
        "container.image": f"image is {NEXT}",
        "container.health": "health is not checked",
    }
    check(judge(tmp_path, promised(name)), said)


def names() -> list[str]:
    """The items."""
    return [*promised("x")]
