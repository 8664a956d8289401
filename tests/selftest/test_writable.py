"""Who may write where: the kernel is asked as the user, or as the process of a unit."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator

import pytest

from gate.target import Target
from tests.selftest.promised import CANNOT, check, here, judge, lying, recorded, scene, told

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("setpriv"), reason="only root can ask as somebody else"
)
NOBODY = "nobody"
WITHIN_S = 10.0
Run = Callable[..., Target]


@pytest.fixture
def folder() -> Iterator[pathlib.Path]:
    """A folder that everybody may enter, unlike pytest's own, with some folders in it."""
    with tempfile.TemporaryDirectory(prefix="gate-writable-") as name:
        place = pathlib.Path(name)
        place.chmod(0o755)
        for below, mode in (("open", 0o777), ("closed", 0o755), ("hidden", 0o700)):
            (place / below).mkdir()
            (place / below).chmod(mode)
        (place / "hidden/inner").mkdir()
        (place / "hidden/inner").chmod(0o777)
        yield place


@pytest.fixture
def run(tmp_path: pathlib.Path) -> Iterator[Run]:
    """Start a process that stays; the target's systemd says that it is the one of ``w.service``."""
    with contextlib.ExitStack() as stack:
        # Not pytest's own folder: whoever starts there has to get in.
        place = tempfile.TemporaryDirectory(prefix="gate-writable-")
        ready = pathlib.Path(stack.enter_context(place)) / "ready"
        ready.parent.chmod(0o777)

        def start(*words: str) -> Target:
            ready.unlink(missing_ok=True)
            process = subprocess.Popen(  # noqa: S603
                [*words, "sh", "-c", f"echo >{ready}; exec sleep 300"]
            )
            stack.callback(process.wait, WITHIN_S)
            stack.callback(process.kill)
            ends = time.monotonic() + WITHIN_S
            while not ready.exists():
                assert time.monotonic() < ends, process.poll()
                time.sleep(0.01)
            return lying(tmp_path, systemctl=f"echo MainPID={process.pid}")

        yield start


def _item(place: pathlib.Path, keys: str) -> str:
    return f'path = "{place}"\npurpose = "a test"\n{keys}'


def test_users(folder: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """By mode, by a folder on the way, and by nobody who is not there."""
    may, may_not = f'writable_by = ["{NOBODY}"]', f'not_writable_by = ["{NOBODY}"]'
    items = {
        "path.open": _item(folder / "open", may),
        "path.open_not": _item(folder / "open", may_not),
        "path.closed": _item(folder / "closed", may),
        "path.closed_not": _item(folder / "closed", may_not),
        "path.inner": _item(folder / "hidden/inner", may),
        "path.root": _item(folder / "hidden/inner", 'writable_by = ["root"]'),
        "path.who": _item(folder / "open", 'writable_by = ["nosuchuser"]'),
        "path.who_not": _item(folder / "open", 'not_writable_by = ["nosuchuser"]'),
        "path.gone": _item(folder / "gone", may_not),
    }
    one = scene(tmp_path, items)
    check(
        told(one),
        {
            **dict.fromkeys(items, ""),
            "path.open_not": "nobody can write there",
            "path.closed": "nobody cannot write there",
            "path.inner": "nobody cannot write there",
            "path.who": "there is no such user",
            "path.who_not": "there is no such user",
            "path.gone": "there is no",
        },
    )
    found = recorded(one, "path")
    assert (found["open"]["writable_by"], found["closed"]["not_writable_by"]) == (["nobody"],) * 2
    assert list((folder / "open").iterdir()) == []


def test_a_folder_that_may_not_be_searched(folder: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """Nobody makes a file in it, whatever its mode says of writing; a file is no folder."""
    (folder / "open").chmod(0o702)
    (folder / "file").touch()
    (folder / "file").chmod(0o602)
    items = {
        "path.may": _item(folder / "open", f'writable_by = ["{NOBODY}"]'),
        "path.may_not": _item(folder / "open", f'not_writable_by = ["{NOBODY}"]'),
        "path.file": _item(folder / "file", f'type = "regular file"\nwritable_by = ["{NOBODY}"]'),
    }
    expected = {"path.may": "nobody cannot write there", "path.may_not": "", "path.file": ""}
    check(judge(tmp_path, items), expected)
    made = ["setpriv", "--reuid=65534", "--clear-groups", "touch", str(folder / "open/x")]
    assert subprocess.run(made, check=False, capture_output=True).returncode != 0  # noqa: S603


@pytest.mark.parametrize(
    "setpriv",
    [
        "echo 'setpriv: unrecognized option: reuid' >&2; exit 1",
        "exit 127",
        "echo yes",
    ],
)
def test_a_setpriv_that_lies(folder: pathlib.Path, tmp_path: pathlib.Path, setpriv: str) -> None:
    """What never asked the kernel says nothing, neither that somebody may nor that he may not."""
    items = {"path.not": _item(folder / "open", f'not_writable_by = ["{NOBODY}"]')}
    found = judge(tmp_path, items, lying(tmp_path, setpriv=setpriv))
    assert CANNOT in found["path.not"] or "can write there" in found["path.not"]


def test_an_id_that_does_not_know(folder: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """A directory of users that is away does not make a user absent."""
    items = {"path.not": _item(folder / "open", f'not_writable_by = ["{NOBODY}"]')}
    away = (
        'case $* in *nobody*) echo "id: cannot connect" >&2; exit 1 ;; esac; exec /usr/bin/id "$@"'
    )
    assert CANNOT in judge(tmp_path, items, lying(tmp_path, id=away))["path.not"]


def test_only_with_the_same_groups(folder: pathlib.Path, tmp_path: pathlib.Path, run: Run) -> None:
    """Who is not root asks with his own groups: of a service with others he cannot tell."""
    target = run("setpriv", "--reuid=65534", "--regid=65534", "--groups=4242", "--")
    for groups, says in (("65534", CANNOT), ("65534 4242", "")):
        lying(tmp_path, id=f"case $1 in -u) echo 65534 ;; -G) echo {groups} ;; esac")
        items = {"path.may": _item(folder / "open", 'writable_by = ["w.service"]')}
        assert says in judge(tmp_path, items, target)["path.may"], groups


def _judge(tmp_path: pathlib.Path, place: pathlib.Path, target: Target) -> tuple[str, str]:
    """What is said where the unit must, and must not, be able to write at a place."""
    items = {
        "path.may": _item(place, 'writable_by = ["w.service"]'),
        "path.may_not": _item(place, 'not_writable_by = ["w.service"]'),
    }
    found = judge(tmp_path, items, target)
    return found["path.may"], found["path.may_not"]


CAN, CANNOT_WRITE = "w.service can write there", "w.service cannot write there"


def test_the_process_of_a_unit(folder: pathlib.Path, tmp_path: pathlib.Path, run: Run) -> None:
    """Its numbers count: user, groups, and a root without its usual rights."""
    plain = run("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--")
    assert _judge(tmp_path, folder / "open", plain) == ("", CAN)
    assert _judge(tmp_path, folder / "closed", plain) == (CANNOT_WRITE, "")
    os.chown(folder / "closed", 0, 4242)
    (folder / "closed").chmod(0o775)
    member = run("setpriv", "--reuid=65534", "--regid=65534", "--groups=4242", "--")
    assert _judge(tmp_path, folder / "closed", member) == ("", CAN)
    os.chown(folder / "closed", 65534, 65534)
    (folder / "closed").chmod(0o755)
    rootly = run("setpriv", "--clear-groups", "--")
    assert _judge(tmp_path, folder / "closed", rootly) == ("", CAN)
    bounded = run("setpriv", "--bounding-set=-dac_override,-dac_read_search", "--")
    assert _judge(tmp_path, folder / "closed", bounded) == (CANNOT_WRITE, "")


def test_its_own_view(folder: pathlib.Path, tmp_path: pathlib.Path, run: Run) -> None:
    """What systemd has made read-only for it alone is no place to write to."""
    inner = (
        f'mount --bind "{folder}" "{folder}" && mount -o remount,ro,bind "{folder}" && exec "$@"'
    )
    words = ["unshare", "-m", "sh", "-c", inner, "sh"]
    probe = subprocess.run([*words, "true"], check=False, capture_output=True)  # noqa: S603
    if probe.returncode:
        pytest.skip(f"no mount can be made here: {probe.stderr.decode().strip()}")
    boxed = run(*words, "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--")
    assert _judge(tmp_path, folder / "open", boxed) == (CANNOT_WRITE, "")
    assert judge(tmp_path, {"path.x": _item(folder / "open", 'writable_by = ["nobody"]')}) == {
        "path.x": ""
    }


def test_what_cannot_be_told(folder: pathlib.Path, tmp_path: pathlib.Path, run: Run) -> None:
    """Rights beyond the user's, no process, and tools that lie or are missing."""
    able = run(
        *("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"),
        *("--inh-caps=+dac_override", "--ambient-caps=+dac_override", "--"),
    )
    for said in _judge(tmp_path, folder / "closed", able):
        assert CANNOT in said
        assert "rights beyond its user's" in said
    away = lying(tmp_path, systemctl="echo MainPID=0")
    assert _judge(tmp_path, folder / "open", away) == ("w.service has no process",) * 2
    for tools in ({"systemctl": "exit 0"}, {"systemctl": "echo MainPID=many; exit 1"}):
        for said in _judge(tmp_path, folder / "open", lying(tmp_path, **tools)):
            assert CANNOT in said or "no process" in said
    items = {"path.x": _item(folder / "open", f'not_writable_by = ["{NOBODY}"]')}
    for tools in ({"setpriv": "exit 127"}, {"setpriv": "echo no"}, {"id": "exit 0"}):
        for name in ("systemctl", "setpriv", "id"):
            (tmp_path / "lying" / name).unlink(missing_ok=True)
        said = judge(tmp_path, items, lying(tmp_path, **tools))["path.x"]
        assert CANNOT in said or "can write" in said, (tools, said)


def test_not_as_somebody_else(folder: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """Who is not root asks for himself alone."""
    items = {"path.x": _item(folder / "closed", f'not_writable_by = ["{NOBODY}"]')}
    target = lying(tmp_path, id='[ "$*" = -u ] && echo 4242 || exec /usr/bin/id "$@"')
    assert "only root can ask" in judge(tmp_path, items, target)["path.x"]
    assert judge(tmp_path, items, here())["path.x"] == ""


LABELS = {
    "AppArmor": ("/usr/bin/w (enforce)", "1", "/usr/bin/w (enforce) confines its process"),
    "AppArmor that only complains": ("/usr/bin/w (complain)", "1", ""),
    "AppArmor without a profile": ("unconfined", "1", ""),
    "SELinux": ("system_u:system_r:httpd_t:s0", "1", "httpd_t:s0 confines its process"),
    "SELinux that lets pass": ("system_u:system_r:httpd_t:s0", "0", ""),
    "SELinux without rules": ("system_u:system_r:unconfined_service_t:s0", "1", ""),
    "another module": ("floor", "1", "floor confines its process"),
}


@pytest.mark.parametrize("name", LABELS)
def test_what_confines_a_process(
    name: str, folder: pathlib.Path, tmp_path: pathlib.Path, run: Run
) -> None:
    """What only takes away cannot make a no of less; that it may write cannot be told then."""
    label, enforcing, words = LABELS[name]
    target = run("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--")
    grep = (
        f"""for file; do case $file in /proc/[0-9]*/attr/current) echo "$file:{label}" ;; """
        f"""*/enforce) echo "$file:{enforcing}" ;; esac; done"""
    )
    lying(tmp_path, grep=f'case $* in *attr/current*) {grep} ;; *) exec /usr/bin/grep "$@" ;; esac')
    may, may_not = _judge(tmp_path, folder / "open", target)
    if words:
        assert CANNOT in may, may
        assert words in may
        assert words in may_not
    else:
        assert (may, may_not) == ("", CAN)
    assert _judge(tmp_path, folder / "closed", target) == (CANNOT_WRITE, "")


def test_what_confines_the_gate(folder: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """Its own rules may be what said no."""
    grep = 'echo "/proc/self/attr/current:agent (enforce)"'
    target = lying(
        tmp_path, grep=f'case $* in *attr/current*) {grep} ;; *) exec /usr/bin/grep "$@" ;; esac'
    )
    items = {"path.not": _item(folder / "closed", f'not_writable_by = ["{NOBODY}"]')}
    found = judge(tmp_path, items, target)["path.not"]
    assert CANNOT in found
    assert "agent (enforce) confines whoever asks" in found


def test_many_paths_and_units(folder: pathlib.Path, tmp_path: pathlib.Path, run: Run) -> None:
    """Each path has its own answer, however many are asked for; names with blanks and lines too."""
    target = run("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--")
    odd = ["a b", "c'd", '$(e) "f"', "2 yes", "-w"]
    for name in odd:
        (folder / name).mkdir()
    (folder / odd[0]).chmod(0o777)
    (folder / odd[2]).chmod(0o777)
    items = {
        f"path.p{number}": f"path = {json.dumps(str(folder / name))}\npurpose = 'a test'\n"
        f'writable_by = ["w.service"]\nnot_writable_by = ["{NOBODY}"]'
        for number, name in enumerate((*odd, "gone"))
    }
    found = judge(tmp_path, items, target)
    for number, name in enumerate(odd):
        words = "nobody can write there" if name in (odd[0], odd[2]) else CANNOT_WRITE
        assert found[f"path.p{number}"] == words, name
    assert "there is no" in found["path.p5"]
