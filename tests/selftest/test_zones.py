"""Time zones: of a service's process, of the host, and of a database without the gate's own."""

from __future__ import annotations

import contextlib
import pathlib
import shlex
import shutil
import subprocess
from collections.abc import Iterator

import psycopg
import pytest

from gate.sources.host.zones import same_zone, zone_of
from gate.target import Target
from tests.selftest.databases import target
from tests.selftest.promised import CANNOT, check, judge, lying, recorded, scene, told

__all__ = ["target"]

UNIT = "w.service"
ZONES = {"utc": "UTC", "tokyo": "Asia/Tokyo"}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        (":Europe/Berlin", "Europe/Berlin"),
        ("/usr/share/zoneinfo/Europe/Berlin", "Europe/Berlin"),
        (":/usr/share/zoneinfo/posix/America/Argentina/Ushuaia", "America/Argentina/Ushuaia"),
        ("/etc/localtime", ""),
        ("/usr/share/zoneinfo/", ""),
        ("", ""),
        ("<-03>3", ""),
        ("Etc/GMT+5", "Etc/GMT+5"),
    ],
)
def test_names(text: str, name: str) -> None:
    """As the variable has them, or as a link leads to them; what is none is none."""
    assert zone_of(text) == name


def test_one_zone_of_many_names() -> None:
    """UTC is UTC; an hour beside it is another one."""
    assert same_zone("UTC", "Etc/UTC")
    assert same_zone("Europe/Berlin", "Europe/Berlin")
    assert not same_zone("Europe/London", "UTC")
    assert not same_zone("Etc/GMT+1", "Etc/GMT")


@pytest.fixture
def start() -> Iterator[list[subprocess.Popen[bytes]]]:
    """Processes that are gone with the test."""
    started: list[subprocess.Popen[bytes]] = []
    yield started
    for one in started:
        with contextlib.suppress(ProcessLookupError):
            one.kill()
        one.wait(10)


@pytest.mark.parametrize(
    ("environ", "zone", "words"),
    [
        ({"TZ": "Europe/Berlin"}, "Europe/Berlin", ""),
        ({"TZ": ":Europe/Berlin"}, "Europe/Berlin", ""),
        ({"TZ": "Europe/Berlin"}, "Etc/UTC", "time zone is Europe/Berlin"),
        ({"TZ": "UTC0"}, "Etc/UTC", ""),
        ({"MY_TZ": "Asia/Tokyo", "X": "\nTZ=Asia/Tokyo"}, "Asia/Tokyo", "time zone is Etc/UTC"),
        ({"A": "b"}, "UTC", ""),
        ({"TZ": "<-03>3"}, "Etc/UTC", CANNOT),
        ({"TZ": ""}, "Etc/UTC", CANNOT),
    ],
)
def test_of_a_process(
    tmp_path: pathlib.Path,
    start: list[subprocess.Popen[bytes]],
    environ: dict[str, str],
    zone: str,
    words: str,
) -> None:
    """What its environment says, else what the host's is."""
    process = subprocess.Popen(["/bin/sleep", "300"], env=environ)
    start.append(process)
    lines = f"Id={UNIT}\nLoadState=loaded\nActiveState=active\nMainPID={process.pid}"
    localtime = "case $* in *localtime) echo /usr/share/zoneinfo/Etc/UTC ;; *) exit 1 ;; esac"
    there = lying(tmp_path, systemctl=f"cat <<'E'\n{lines}\nE", readlink=localtime)
    items = {"process.it": f'unit = "{UNIT}"\nzone = "{zone}"'}
    check(judge(tmp_path, items, there), {"process.it": words})


def test_of_the_host(tmp_path: pathlib.Path) -> None:
    """The same zone by another name is the same zone; what programs read comes before a word."""
    localtime = "case $* in *localtime) echo /usr/share/zoneinfo/UTC ;; *) exit 1 ;; esac"
    late = "echo NTPSynchronized=yes; echo Timezone=Europe/Berlin"  # as timedated remembers it
    there = lying(tmp_path, timedatectl=late, readlink=localtime)
    items = {"time.utc": 'zone = "Etc/UTC"', "time.other": 'zone = "Europe/Berlin"'}
    check(judge(tmp_path, items, there), {"time.utc": "", "time.other": "time zone is UTC"})


@pytest.mark.parametrize(
    ("localtime", "timezone", "zone"),
    [
        ("Asia/Tokyo", "Etc/UTC", ""),
        ("Asia/Tokyo", "Asia/Tokyo", "Asia/Tokyo"),
        ("Asia/Tokyo", "../../etc/localtime", ""),
        ("", "Asia/Tokyo", "UTC"),
    ],
    ids=["stale", "copy", "odd", "none"],
)
def test_of_a_host_without_a_link(
    tmp_path: pathlib.Path, localtime: str, timezone: str, zone: str
) -> None:
    """A name that is noted counts where the zone is a copy of that; without one it is UTC."""
    own = tmp_path / "etc"
    own.mkdir()
    (own / "timezone").write_text(f"{timezone}\n", "utf-8")
    if localtime:
        shutil.copy(f"/usr/share/zoneinfo/{localtime}", own / "localtime")
    words = ["unshare", "-m", "sh", "-c", f"mount --bind {shlex.quote(str(own))} /etc"]
    probe = subprocess.run(words, check=False, capture_output=True)  # noqa: S603
    if probe.returncode:
        pytest.skip(f"no mount can be made here: {probe.stderr.decode().strip()}")
    inner = shlex.quote(f"{words[-1]} && exec /bin/sh")
    there = lying(tmp_path, timedatectl="exit 1", sh=f"exec unshare -m /bin/sh -c {inner}")
    items = {f"time.{one}": f'zone = "{name}"' for one, name in ZONES.items()}
    says = {
        f"time.{one}": "" if name == zone else f"time zone is {zone}" for one, name in ZONES.items()
    }
    check(judge(tmp_path, items, there), says if zone else dict.fromkeys(items, CANNOT))


CLOCK = 'of = "database"\nwithin_s = 3600\nzone = "{}"'.format


def test_of_a_database(
    target: Target, database: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a session gets that sets none; what the gate's role has for itself tells nothing."""
    with psycopg.connect(database, autocommit=True) as connection:
        name = connection.info.dbname
        (server,) = connection.execute("SHOW timezone").fetchone() or ("",)
        items = {"clock.it": CLOCK(server), "query.utc": 'sql = "SHOW timezone"\nvalue = "UTC"'}
        one = scene(tmp_path, items, target)
        check(told(one), {"clock.it": "", "query.utc": ""})
        assert recorded(one, "clock")["database"]["zone"] == server
        connection.execute(f"ALTER DATABASE \"{name}\" SET timezone = 'Asia/Tokyo'")
        check(judge(tmp_path, items, target), {"clock.it": "its time zone is Asia/Tokyo"})
        monkeypatch.setenv("PGTZ", "Europe/Berlin")
        check(judge(tmp_path, items, target), {"clock.it": "its time zone is Asia/Tokyo"})
        connection.execute(f'ALTER DATABASE "{name}" RESET timezone')
        check(judge(tmp_path, items, target), {"clock.it": f"{CANNOT}", "query.utc": ""})
        monkeypatch.delenv("PGTZ")
        connection.execute(
            f"ALTER ROLE gate_reader IN DATABASE \"{name}\" SET timezone = 'Asia/Tokyo'"
        )
        check(judge(tmp_path, items, target), {"clock.it": f"{CANNOT}"})
