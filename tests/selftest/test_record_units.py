"""What is recorded of a host with systemd: here one whose ``systemctl`` tells what it shall."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
from collections.abc import Iterator

import pytest

from gate.contract.model import Contract
from gate.kinds.load import load_contract
from gate.kinds.recorded_certificates import name_of
from gate.kinds.recorded_mounts import floor
from gate.kinds.recorded_processes import own_variables
from gate.kinds.recorded_programs import upstream
from gate.kinds.units_there import is_base
from gate.recorder.live import record
from gate.target import Target
from tests.selftest import runs
from tests.selftest.promised import lying

NOTHING = Contract(system="", cwd="/", folder="/nowhere", sha256="", promises={})
SECRET = "hunter2-hunter2-hunter2"  # noqa: S105 - of nobody
SYSTEMCTL = """
case $1 in
  list-units) cat {folder}/list ;;
  list-dependencies) echo default.target ;;
  show)
    while [ "$1" != -- ]; do shift; done; shift
    for unit; do
      [ -f "{folder}/$unit" ] && cat "{folder}/$unit" ||
        printf 'Id=%s\\nNames=%s\\nLoadState=not-found\\nActiveState=inactive\\n' "$unit" "$unit"
      echo
    done ;;
esac
"""
UNIT = """Id={name}
Names={name}
LoadState=loaded
ActiveState={active}
SubState={sub}
Result=success
UnitFileState=enabled
Type=simple
MainPID={pid}
NRestarts=0
ActiveEnterTimestampMonotonic=1000000
ExecMainStartTimestampMonotonic={ran}
NeedDaemonReload=no
FragmentPath=/etc/systemd/system/{name}
DropInPaths=
ControlGroup=/system.slice/{name}
ExecMainCode=0
ExecMainStatus=0
WantedBy=multi-user.target
{more}"""


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    """A process with a secret in its command and in its environment."""
    code = "import sys; sys.stdout.write('.'); sys.stdout.flush(); sys.stdin.read()"
    with subprocess.Popen(  # noqa: S603 - Python
        [sys.executable, "-c", code, f"--password={SECRET}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "SHOP_PASSWORD": SECRET, "SHOP_COLOUR": "blue-and-green-colour"},
    ) as started:
        assert started.stdout is not None
        started.stdout.read(1)
        yield started
        started.kill()


def host(folder: pathlib.Path, units: dict[str, str]) -> Target:
    """This host, with these units: what each adds to `UNIT`, or its state in front of that."""
    place = folder / "units"
    place.mkdir(exist_ok=True)
    for name, text in units.items():
        state, _, more = text.partition("\n")
        active, sub = (state or "active running").split(" ")
        pid, kept, ran = "0", "", "1000000"
        for line in more.splitlines():
            if line.startswith("pid="):
                pid = line.removeprefix("pid=")
            elif line.startswith("ran="):
                ran = line.removeprefix("ran=")
            else:
                kept += f"{line}\n"
        (place / name).write_text(
            UNIT.format(name=name, active=active, sub=sub, pid=pid, ran=ran, more=kept), "utf-8"
        )
    lines = [f"{name} loaded active running What it is" for name in units]
    (place / "list").write_text("".join(f"{one}\n" for one in lines), "utf-8")
    return lying(folder, systemctl=SYSTEMCTL.format(folder=place))


def shop(process: subprocess.Popen[bytes], folder: pathlib.Path) -> str:
    """A unit as somebody writes it, with secrets wherever they can be."""
    env = folder / "shop.env"
    env.write_text(f"SHOP_PASSWORD={SECRET}\n", "utf-8")
    return (
        f"active running\npid={process.pid}\nUser=nobody\nWorkingDirectory={folder}\n"
        f"EnvironmentFiles={env} (ignore_errors=no)\nEnvironment=SHOP_PASSWORD={SECRET}\n"
        f"StateDirectory=no-such-shop\nReadWritePaths=-{folder / 'units'} +/no/such/place\n"
        f"ExecStart={{ path={sys.executable} ; argv[]={sys.executable} --password={SECRET} ; "
        f"ignore_errors=no ; start_time=[n/a] ; pid=0 }}"
    )


def test_a_unit_with_secrets(tmp_path: pathlib.Path, process: subprocess.Popen[bytes]) -> None:
    """Its program, its user, its paths, the names of its variables; no value, no argument."""
    chapters, missing = record(host(tmp_path, {"shop.service": shop(process, tmp_path)}), NOTHING)
    whole = "\n".join((*chapters.values(), *missing))
    assert SECRET not in whole
    assert "hunter2" not in whole
    assert "blue-and-green" not in whole
    assert '"SHOP_PASSWORD"' in chapters["processes"]
    assert f'executable = "{sys.executable}"' in chapters["processes"]
    assert f'path = "{tmp_path}/shop.env"' in chapters["paths"]
    assert f'path = "{tmp_path}"' in chapters["paths"]
    assert "no-such" not in chapters["paths"]
    assert 'user = "nobody"' in chapters["users"]
    program = pathlib.Path(sys.executable).resolve()
    asked = f'command = ["{program}", "--version"]' in chapters["runtimes"]
    left = f"the version of {program}: no package owns it, so it is not run" in chapters["runtimes"]
    assert asked != left  # by who brought this Python


def test_which_units(tmp_path: pathlib.Path) -> None:
    """No transient ones, none that failed, none of the system: those are said, or wanted."""
    target = host(
        tmp_path,
        {
            "shop.service": "active exited\n",
            "shop.socket": "active listening\n",
            "shop.path": "active waiting\n",
            "shop.timer": "active waiting\n",
            "once.service": "inactive dead\n",
            "never.service": "inactive dead\nran=0\n",
            "broken.service": "failed failed\n",
            "starting.service": "activating auto-restart\n",
            "run-u7.service": "active running\nTransient=yes\n",
            "systemd-journald.service": f"active running\npid={os.getpid()}\n",
            "odd.service": "active running\n",
            "dbus.socket": "active listening\n",
        },
    )
    usual, _ = record(target, NOTHING, ["services"])
    text = usual["services"]
    items = [line for line in text.splitlines() if line.startswith("[")]
    units = ["once", '"shop.path"', "shop", '"shop.socket"']
    assert items == [f"[service.{one}]" for one in units], text
    assert "# left out: broken.service is failed (failed)" in text
    assert "# left out: service odd: " in text
    assert "# left out: starting.service is activating (auto-restart)" in text
    assert "(--all writes them): dbus.socket, systemd-journald.service" in text
    whole, _ = record(target, NOTHING, ["services"], "all")
    assert "[service.systemd-journald]" in whole["services"]
    assert "run-u7" not in "".join((*usual.values(), *whole.values()))


@pytest.mark.parametrize(
    ("systemctl", "says"),
    [
        ("exit 1", "cannot tell"),
        ("echo 'Failed to connect to bus' >&2; exit 1", "Failed to connect to bus"),
        ("exit 0", "it names no unit"),
        ("yes x.service", "services: cannot tell (upstream): systemctl list-units: it says too"),
        ("sleep 30", "services: cannot tell"),
        ("echo x.service; printf '\\200\\0=\\n'", "it names no unit"),
        ("case $1 in list-units) echo 'x.service loaded';; *) exit 1;; esac", "cannot tell"),
    ],
)
def test_a_systemctl_that_lies(systemctl: str, says: str, tmp_path: pathlib.Path) -> None:
    """Nothing of units is recorded, and why is said; the rest of the host is."""
    chapters, missing = record(
        lying(tmp_path, systemctl=systemctl), NOTHING, ["services", "mounts"]
    )
    assert "services" not in chapters
    assert says in "\n".join(missing), missing
    assert "[mount.root]" in chapters["mounts"]


def test_it_is_bounded(tmp_path: pathlib.Path) -> None:
    """A host with more units than are told of says so."""
    target = host(tmp_path, {"shop.service": "active exited\n"})
    many = "".join(f"u{number}.service loaded active\n" for number in range(5000))
    (tmp_path / "units/list").write_text(f"shop.service loaded active\n{many}", "utf-8")
    chapters, _ = record(target, NOTHING, ["services"])
    assert "[service.shop]" in chapters["services"]


def test_what_is_recorded_holds_alone(
    tmp_path: pathlib.Path, process: subprocess.Popen[bytes]
) -> None:
    """``--only`` ports names no owner that no item promises: the contract can be loaded."""
    target = host(tmp_path, {"shop.service": shop(process, tmp_path)})
    chapters, _ = record(target, NOTHING, ["processes", "paths"])
    folder = tmp_path / "contract"
    folder.mkdir()
    for name, text in chapters.items():
        (folder / f"{name}.toml").write_text(text, "utf-8")
    assert {one.chapter for one in load_contract(folder).promises.values()} == {
        "processes",
        "paths",
    }


@pytest.mark.parametrize(
    ("free", "size", "percent"),
    [(100, 100, 50), (99, 100, 25), (40, 100, 20), (5, 100, 2), (1.9, 100, None), (0, 0, None)],
)
def test_a_floor(free: float, size: float, percent: int | None) -> None:
    """Half of what is free at most, in numbers that a person would write."""
    assert floor(free, size) == percent


def test_words_that_a_person_would_write() -> None:
    """Versions without a distribution's own part, names for certificates, variables of units."""
    assert upstream("1:1.22.1-9+deb12u1") == "1.22.1"
    assert upstream("7.0.15-1~deb12u1") == "7.0.15"
    assert upstream("odd") == "odd"
    assert name_of(["*.example.org", "x"]) == "www.example.org"
    assert name_of(["not a name", "b.example.org"]) == "b.example.org"
    assert name_of([]) == ""
    assert own_variables(["PATH", "LC_ALL", "A B", "9x", "DSN", "INVOCATION_ID"]) == ["DSN"]
    assert is_base("systemd-networkd.service")
    assert not is_base("nginx.service")


def test_only_words(tmp_path: pathlib.Path) -> None:
    """Chapters with blanks between them; a word that is none is a mistake that names the known."""
    (tmp_path / "targets").mkdir()
    (tmp_path / "targets/here.toml").write_text('title = "T"\nhost = "local://"\n', "utf-8")
    words = [sys.executable, "-m", "gate", "record", "--target=here"]
    done = runs.run_in(tmp_path, [*words, "--only=mounts, runtimes"], PYTHONPATH=str(runs.ROOT))
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("#:schema") == 2
    done = runs.run_in(tmp_path, [*words, "--only=mount"], PYTHONPATH=str(runs.ROOT))
    assert (done.returncode, "known: services, processes" in done.stderr) == (4, True)


@pytest.mark.parametrize("synchronised", ["yes", "no"])
def test_the_time(synchronised: str, tmp_path: pathlib.Path) -> None:
    """The zone, and that the clock is kept right where it is; it holds at once."""
    zone = f"echo NTPSynchronized={synchronised}; echo Timezone=Asia/Tokyo"
    tools = {"timedatectl": zone, "readlink": "echo /usr/share/zoneinfo/Asia/Tokyo"}
    chapters, _ = record(lying(tmp_path, **tools), NOTHING, ["time"])
    text = chapters["time"]
    assert 'zone = "Asia/Tokyo"' in text, text
    assert ("synchronised = true" in text) == (synchronised == "yes"), text
    left = "# left out: that the host's clock is synchronised: it is not"
    assert (left in text) == (synchronised == "no"), text
