"""Processes of units: what really runs, against what is promised of it."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import os
import pathlib
import pwd
import shutil
import subprocess
import time
from collections.abc import Iterator

import pytest

from gate.target import Target
from tests.selftest.promised import CANNOT, all_of, check, judge, lying, scene, told

UNIT = "worker.service"
SECRET = "Gehe1m-im-Prozess"  # noqa: S105 - a self-test's


@dataclasses.dataclass
class Worker:
    """A process that runs from a release, and a ``systemctl`` that says so."""

    folder: pathlib.Path
    process: subprocess.Popen[bytes]

    @property
    def program(self) -> pathlib.Path:
        """Where its program is."""
        return self.folder / "v1/worker"

    def target(self, **changes: str) -> Target:
        """This host, of whose units one is the process."""
        shown = {
            "Id": UNIT,
            "LoadState": "loaded",
            "ActiveState": "active",
            "MainPID": str(self.process.pid),
            "ControlGroup": "",
            "StateChangeTimestamp": "",
            "DropInPaths": "",
            **changes,
        }
        lines = "\n".join(f"{name}={value}" for name, value in shown.items())
        return lying(self.folder, systemctl=f"cat <<'E'\n{lines}\nE")


@pytest.fixture
def worker(tmp_path: pathlib.Path) -> Iterator[Worker]:
    """A process of release v1, to which a link leads."""
    for name in ("v1", "v2"):
        (tmp_path / name).mkdir()
        shutil.copy("/bin/sleep", tmp_path / name / "worker")
    (tmp_path / "current").symlink_to("v1")
    (tmp_path / "config").mkdir()
    (tmp_path / "config/a.conf").write_text("a", "utf-8")
    written = (tmp_path / "config/a.conf").stat().st_ctime
    while time.time() < written + 0.2:  # files are there before the process
        time.sleep(0.01)
    environ = {"PATH": "/bin", "TOKEN": SECRET, "LINES": "one\nHIDDEN=two"}
    with subprocess.Popen(  # noqa: S603
        [tmp_path / "current/worker", "300"], cwd=tmp_path / "v1", env=environ
    ) as process:
        yield Worker(tmp_path, process)
        with contextlib.suppress(ProcessLookupError):
            process.kill()


def item(worker: Worker, keys: str) -> dict[str, str]:
    """One item about it."""
    text = keys.replace("{at}", str(worker.folder))
    return {"process.it": f'unit = "{UNIT}"\n{text}'}


def said(worker: Worker, keys: str, **changes: str) -> str:
    """What is said of it."""
    return judge(worker.folder, item(worker, keys), worker.target(**changes))["process.it"]


def test_a_script_of_another_release(tmp_path: pathlib.Path) -> None:
    """A process in the new release that runs the old one's program is none of the new one."""
    for name in ("v1", "v2"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "app.sh").write_text("read line\n", "utf-8")
    (tmp_path / "current").symlink_to("v2")
    for name, words in (("v2", ""), ("v1", f"{tmp_path}/v1/app.sh, which is of another release")):
        with subprocess.Popen(  # noqa: S603 - our own words
            ["/bin/sh", tmp_path / name / "app.sh"], cwd=tmp_path / "v2", stdin=subprocess.PIPE
        ) as process:
            found = said(Worker(tmp_path, process), 'release = "{at}/current"')
            process.kill()
        assert words in found if words else found == ""


def test_as_it_is(worker: Worker) -> None:
    """Everything of it holds, and of its variables no value is kept."""
    digest = hashlib.sha256(worker.program.read_bytes()).hexdigest()
    keys = (
        'executable = "{at}/current/worker"\nrelease = "{at}/current"\n'
        f'working_folder = "{{at}}/current"\ncommand = ["worker 300"]\nsha256 = "{digest}"\n'
        f'user = "{"root" if os.geteuid() == 0 else os.environ.get("USER", "")}"\n'
        'environment = ["TOKEN", "PATH"]\nenvironment_not = ["DEBUG", "HIDDEN"]\ndrop_ins = []\n'
        'config = ["{at}/config"]\nlimits = { "max open files" = 16 }\n'
    )
    seen = scene(worker.folder, item(worker, keys), worker.target())
    assert told(seen) == {"process.it": ""}
    assert SECRET not in seen.observed.model_dump_json()


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ('executable = "{at}/v2/worker"', "executable is"),
        ('release = "{at}/v2"', "not "),
        ('working_folder = "/"', "working folder is"),
        ('command = ["worker 400"]', "is not in its command"),
        (f'sha256 = "{"0" * 64}"', "sha256 is"),
        ('user = "nobody"', "user is"),
        ('groups = ["nosuchgroup"]', "it has no group nosuchgroup"),
        ('environment = ["SECRET_KEY"]', "it has no variable SECRET_KEY"),
        ('environment_not = ["TOKEN"]', "it has the variable TOKEN"),
        ('limits = { "max open files" = 99999999 }', "max open files is"),
        ('limits = { "max nonsense" = 1 }', "there is no limit"),
        ('drop_ins = ["/etc/x.conf"]', "no drop-in /etc/x.conf"),
    ],
)
def test_what_is_not(keys: str, words: str, worker: Worker) -> None:
    """Another program, folder, command, digest, user, group, variable, limit, drop-in."""
    assert words in said(worker, keys)


def test_a_deployment_that_did_not_reach_the_process(worker: Worker) -> None:
    """The link leads to v2, its program is replaced, deleted; the process is the old one."""
    assert said(worker, 'release = "{at}/current"') == ""
    (worker.folder / "current").unlink()
    (worker.folder / "current").symlink_to("v2")
    assert "v1/worker" in said(worker, 'release = "{at}/current"')
    shutil.copy("/bin/true", worker.folder / "new")
    (worker.folder / "new").rename(worker.program)
    assert "which was deleted or replaced" in said(worker, "")
    worker.program.unlink()
    assert "which was deleted or replaced" in said(worker, "")


def test_configuration_younger_than_the_process(worker: Worker) -> None:
    """Written, or moved there with an old time; systemd's reload makes it known."""
    keys = 'config = ["{at}/config"]'
    assert said(worker, keys) == ""
    (worker.folder / "old.conf").write_text("b", "utf-8")
    os.utime(worker.folder / "old.conf", (1, 1))
    (worker.folder / "old.conf").rename(worker.folder / "config/b.conf")
    assert "after it was started or reloaded" in said(worker, keys)
    later = time.strftime("%a %Y-%m-%d %H:%M:%S UTC", time.gmtime(time.time() + 2))
    assert said(worker, keys, StateChangeTimestamp=later) == ""
    assert CANNOT in said(worker, 'config = ["{at}/no-such-folder"]')


def test_units_that_have_no_process(worker: Worker) -> None:
    """Not found, or not running: absent; a drop-in that nobody promised is told."""
    away = 'before = "absent"\nuser = "nobody"'
    assert said(worker, away, LoadState="not-found", MainPID="0") == ""
    assert "there is no process" in said(worker, "", ActiveState="failed", MainPID="0")
    assert "changes its unit file" in said(worker, "drop_ins = []", DropInPaths="/etc/x/y.conf")


@pytest.mark.parametrize(
    ("tool", "does"),
    [("systemctl", "exit 0"), ("systemctl", "echo hello"), ("systemctl", "exit 1"),
     ("find", "exit 0"), ("grep", "exit 0"), ("getconf", "exit 0"), ("getconf", "echo many")],
)  # fmt: skip
def test_tools_that_lie(tool: str, does: str, worker: Worker) -> None:
    """Nothing of it can be told."""
    items = item(worker, 'release = "{at}/current"')
    worker.target()
    target = lying(worker.folder, **{tool: does})
    check(judge(worker.folder, items, target), all_of(items, CANNOT))


def test_files_that_are_not_read_in_time(worker: Worker) -> None:
    """It is said so: nothing is odd about it, and another look may tell."""
    target = worker.target()
    lying(worker.folder, grep='case $* in */status*) exit 124 ;; *) exec /bin/grep "$@" ;; esac')
    found = judge(worker.folder, item(worker, 'user = "nobody"'), target)["process.it"]
    assert CANNOT in found
    assert "was not read in time" in found


@pytest.mark.parametrize(
    ("does", "why"),
    [
        ("exit 124", "did not end in time"),
        ("exit 0", "not even of root"),
        ("echo daemon:x:1:1; exit 0", "not even of root"),
        ("echo root:x:0:0; exit 1", "not even of root"),
    ],
)
def test_a_name_that_is_not_told(does: str, why: str, worker: Worker) -> None:
    """A number is nobody's name only where somebody who knows root does not know it."""
    target = worker.target()
    lying(worker.folder, getent=does)
    for keys in ('user = "nobody"', 'user = "root"', 'groups = ["root"]'):
        found = judge(worker.folder, item(worker, keys), target)["process.it"]
        assert CANNOT in found
        assert why in found


def test_a_directory_that_lists_nobody(worker: Worker) -> None:
    """It knows its users by their numbers all the same."""
    target, user = worker.target(), pwd.getpwuid(os.geteuid()).pw_name
    lying(worker.folder, getent='[ $# -gt 1 ] || exit 0; exec /usr/bin/getent "$@"')
    assert said_of(worker, target, f'user = "{user}"') == ""


def test_a_number_that_is_nobody(worker: Worker) -> None:
    """It stands for itself where it was asked for; a user's name is no group's."""
    if os.geteuid() != 0:
        pytest.skip("another user's process needs root")
    words = [
        "setpriv",
        "--reuid=4711",
        "--regid=4712",
        "--clear-groups",
        str(worker.program),
        "300",
    ]
    with subprocess.Popen(words, cwd="/") as process:  # noqa: S603
        target = worker.target(MainPID=str(process.pid))
        user = "[ $1 = group ] || echo somebody:x:4712:0"
        lying(worker.folder, getent=f"echo root:x:0:0; {user}; exit 2")
        program, until = pathlib.Path(f"/proc/{process.pid}/exe"), time.monotonic() + 10
        while program.resolve() != worker.program and time.monotonic() < until:
            time.sleep(0.01)
        assert "user is 4711" in said_of(worker, target, 'user = "somebody"')
        assert said_of(worker, target, 'user = "4711"\ngroups = ["4712"]') == ""
        process.kill()


def said_of(worker: Worker, target: Target, keys: str) -> str:
    """What is said of an item, on a target that may lie."""
    return judge(worker.folder, item(worker, keys), target)["process.it"]


def test_a_search_that_is_cut_off(worker: Worker) -> None:
    """What was found until a search was ended is not the newest file of all."""
    keys = 'config = ["{at}/config"]'
    target = worker.target()
    old = f"{worker.folder}/config/a.conf"
    find = f'*%T@*|*%C@*) printf "1.5 {old}\\n"; exit 124 ;; *) exec /usr/bin/find "$@" ;;'
    lying(worker.folder, find=f"case $* in {find} esac")
    found = judge(worker.folder, item(worker, keys), target)["process.it"]
    assert CANNOT in found
    assert "find ended with 124" in found


def test_a_process_that_ended_meanwhile(worker: Worker) -> None:
    """A child that is proven to be gone is none; what is not shown, or not told in time, may be."""
    child = subprocess.Popen([worker.program, "300"], cwd=worker.folder / "v1")  # noqa: S603
    try:
        target = worker.target(ControlGroup="/of/nobody")
        group = f'printf "/proc/%s/cgroup:0::/of/nobody\\n" {worker.process.pid} {child.pid}'
        lying(
            worker.folder, grep=f'case $* in */cgroup*) {group} ;; *) exec /bin/grep "$@" ;; esac'
        )
        keys = item(worker, 'release = "{at}/current"')
        assert told(scene(worker.folder, keys, target)) == {"process.it": ""}
        exe = f"/proc/{child.pid}/exe"
        for ends, says, words in (
            ("exit 1", "No such file or directory", ""),
            ("exit 1", "Permission denied", "is not shown to this user"),
            ("exit 124", "", "did not end in time"),
        ):
            told_ = f'/usr/bin/find "$@" | /bin/grep -av {exe.removesuffix("exe")}'
            err = f"echo \"find: '{exe}': {says}\" >&2; " if says else ""
            find = f'*{exe}*) {told_}; {err}{ends} ;; *) exec /usr/bin/find "$@" ;;'
            lying(worker.folder, find=f"case $* in {find} esac")
            found = judge(worker.folder, keys, target)["process.it"]
            assert words in found
            assert bool(words) == bool(found), found
    finally:
        child.kill()
        child.wait()


def test_files_of_several_processes(worker: Worker) -> None:
    """Each has the newest of its own files, whatever those of others are, or lack."""
    (worker.folder / "other").mkdir()
    young = worker.folder / "other/young.conf"
    young.write_text("y", "utf-8")
    os.utime(young, (time.time() + 2, time.time() + 2))
    items = {
        f"process.p{number}": f'unit = "{UNIT}"\nconfig = {files!r}'
        for number, files in enumerate(
            ([f"{worker.folder}/config"], [f"{worker.folder}/config", f"{worker.folder}/other"])
        )
    }
    first = judge(worker.folder, items, worker.target())
    assert first["process.p0"] == ""
    assert "young.conf changed at" in first["process.p1"]
    gone = {**items, "process.gone": f'unit = "{UNIT}"\nconfig = ["{worker.folder}/gone"]'}
    again = judge(worker.folder, gone, worker.target())
    assert {id_: again[id_] for id_ in items} == first
    assert CANNOT in again["process.gone"]
