"""What is recorded of the files that services read, and of when timers ran."""

from __future__ import annotations

import datetime as dt
import os
import pathlib
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from gate.errors import GateError
from gate.recorder.live import record
from gate.sources.host import configured, intervals
from gate.target import Target
from gate.toml import parse
from tests.selftest.given import parted
from tests.selftest.promised import contract, lying, scene, told
from tests.selftest.test_record_units import NOTHING, SECRET, SYSTEMCTL, host

CODE = "import sys; sys.stdout.write('.'); sys.stdout.flush(); sys.stdin.read()"
STAMP = "%a %Y-%m-%d %H:%M:%S UTC"
ANALYZE = """
# As systemd-analyze prints it, with a weekend in it.
[ "$1 $2 $3" = "calendar --iterations=1000 --" ] || exit 1
shift 3
for one; do
  echo "  Original form: as it was written"
  echo "Normalized form: $one"
  case $one in *never*) echo '    Next elapse: never'; continue ;; esac
  word='    Next elapse'
  for day in 26 27 28 29 30; do
    echo "$word: Thu 2026-11-$day 06:00:00 UTC"; echo "       From now: 13h left"
    word="       Iter. #$day"
  done
  for day in 03 04 05 06 07 08; do
    echo "   Iteration #$day: Thu 2026-12-$day 06:00:00 UTC"; echo "       From now: 1 day 13h left"
  done
  echo
done
"""


@pytest.fixture
def service() -> Iterator[Any]:
    """Processes with words of their own."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*words: str, cwd: pathlib.Path | None = None) -> int:
        one = subprocess.Popen(  # noqa: S603 - Python
            [sys.executable, "-c", CODE, *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=cwd,
            env={"TZ": "Asia/Tokyo", "SHOP_COLOUR": "blue"},
        )
        started.append(one)
        assert one.stdout is not None
        one.stdout.read(1)
        return one.pid

    yield start
    for one in started:
        one.kill()
        one.communicate()


def shop(pid: int, program: str, *more: str) -> str:
    """A service that runs."""
    starts = f"ExecStart={{ path={program} ; argv[]={program} --password={SECRET} ; pid=0 }}"
    return "\n".join(("active running", f"pid={pid}", starts, *more))


def written(target: Target, chapter: str) -> tuple[dict[str, Any], str]:
    """A chapter as it was recorded, and its text."""
    chapters, missing = record(target, NOTHING, [chapter])
    assert chapters, missing
    file = pathlib.Path(target.path[0]).parent / f"{chapter}.toml"
    file.write_text(chapters[chapter], "utf-8")
    return parse(file, GateError), chapters[chapter]


def test_what_a_service_reads(
    tmp_path: pathlib.Path, service: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own places, what they name, what its command line and its unit name; no other word."""
    place, cert = tmp_path / "etc", tmp_path / "cert.pem"
    place.mkdir()
    cert.write_text("-")
    lines = f"  ssl_certificate {cert};\n# ssl_certificate {tmp_path};\nssl_certificate_key /no;\n"
    caddy, dovecot = tmp_path / "caddy.pem", tmp_path / "dovecot.pem"
    for one, line in ((caddy, "\ttls {} /no.key\n"), (dovecot, "ssl_cert = <{}\n")):
        one.write_text("-")
        lines += line.format(one)
    (place / "shop.conf").write_text(lines)
    (tmp_path / "shop.env").write_text(f"PASSWORD={SECRET}\n")
    (tmp_path / "the key").write_text(SECRET)
    monkeypatch.setitem(configured.PLACES, "shopd", (str(place), "/no/such/place"))
    words = ("--config", "/etc/profile", "--config=/etc/shells", "-c", "/no", "-f", "/dev/null")
    pid = service(*words, "-c", SECRET, f"--password={SECRET}", f"--token={cert}")
    env = f"EnvironmentFiles={tmp_path / 'shop.env'} (ignore_errors=no)"
    gone = "EnvironmentFiles=/no/such.env (ignore_errors=yes)"
    loaded = "".join(
        f"{key}=name:{path}\n"
        for key, path in (
            ("[Service]\nLoadCredential", tmp_path / "the key"),
            ("LoadCredentialEncrypted", "/etc/hostname"),
            ("SetCredential", "/etc/group"),
            ("#LoadCredential", "/etc/services"),
            ("LoadCredential", "/no/such.key"),
        )
    )
    (tmp_path / "shop.unit").write_text(loaded)
    unit = f"FragmentPath={tmp_path / 'shop.unit'}"
    target = host(
        tmp_path,
        {
            "shop.service": shop(pid, "/usr/sbin/shopd", env, gone, unit),
            "other.service": shop(
                service("-c", "/etc/../etc/shells", "/etc/passwd"), sys.executable
            ),
        },
    )
    items, text = written(target, "processes")
    assert SECRET not in text
    assert items["process"]["shop"]["config"] == [
        *("/etc/hostname", "/etc/profile", "/etc/shells", str(caddy), str(cert), str(dovecot)),
        *(str(place), str(tmp_path / "shop.env"), str(tmp_path / "the key")),
    ]
    assert "config" not in items["process"]["other"]
    assert items["process"]["shop"]["zone"] == "Asia/Tokyo"
    os.utime(place / "shop.conf")
    keys = {"process.shop": text.partition("[process.shop]")[2].partition("\nsource")[2]}
    keys["process.shop"] = keys["process.shop"].partition("\n")[2].partition("\n[")[0]
    assert told(scene(tmp_path, keys, target))["process.shop"].startswith(
        f"{place}/shop.conf changed at "
    )


NGINX = """\
user www-data; include modules-enabled/*.conf;
http {
    include mime.types;  # include sites-available/*;
    include "{place}/conf.d/*.conf";
    # include not-read.conf;
    include sites-enabled/*; include no-such/*;
    include many/*.conf;
    ssl_certificate own/cert.pem; proxy_ssl_certificate_key '{place}/own/key.pem';
    ssl_certificate $ssl_server_name.pem;
}
"""


def test_what_a_web_server_includes(
    tmp_path: pathlib.Path, service: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is made available and not enabled is not read; what is enabled is, behind its link."""
    place, old = tmp_path / "etc" / "nginx", time.time() - 3600
    files = {
        "nginx.conf": NGINX.replace("{place}", str(place)),
        "mime.types": "types { }",
        "not-read.conf": "",
        "conf.d/one.conf": "include snippets/tls.conf;include\t'with blank.conf';",
        "conf.d/two.conf": "",
        "many/one.conf": "include nginx.conf;",
        "many/one.conf.bak": "",
        "snippets/tls.conf": "",
        "snippets/other.conf": "ssl_certificate /etc/shells;",
        "with blank.conf": "",
        "own/cert.pem": "-",
        "own/key.pem": "-",
        "own/other.pem": "-",
        "sites-available/enabled": "include snippets/tls.conf;",
        "sites-available/not": "ssl_certificate /etc/shells;",
    }
    for name, text in files.items():
        file = place / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        os.utime(file, (old, old))
    (place / "sites-enabled").mkdir()
    (place / "sites-enabled" / "site").symlink_to("../sites-available/enabled")
    monkeypatch.setitem(configured.PLACES, "nginx", (str(place),))
    monkeypatch.setattr(configured, "FIRST", {str(place): "nginx.conf"})
    target = host(tmp_path, {"nginx.service": shop(service(), "/usr/sbin/nginx")})
    items, text = written(target, "processes")
    included = ("conf.d", "many/one.conf", "mime.types", "nginx.conf", "own/cert.pem")
    more = ("own/key.pem", "sites-enabled", "snippets/tls.conf", "with blank.conf")
    found = items["process"]["nginx"]["config"]
    assert found == [str(place / one) for one in (*included, *more)]
    keys = {"process.nginx": f'unit = "nginx.service"\nconfig = {found!r}'}

    def changed(name: str) -> str:
        soon = time.time() + 5
        os.utime(place / name, (soon, soon))
        said = told(scene(tmp_path, keys, target))["process.nginx"]
        os.utime(place / name, (old, old))
        return said

    assert text
    assert changed("sites-available/not") == changed("snippets/other.conf") == ""
    assert f"{place}/sites-enabled/site changed at " in changed("sites-available/enabled")
    assert f"{place}/snippets/tls.conf changed at " in changed("snippets/tls.conf")


def test_what_is_made_available_is_not_read(
    tmp_path: pathlib.Path, service: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a folder that holds such folders, everything else is."""
    place = tmp_path / "lighttpd"
    for name in ("conf-available", "conf-enabled"):
        (place / name).mkdir(parents=True)
        (place / name / "a.conf").write_text("")
    (place / "lighttpd.conf").write_text("")
    (tmp_path / "empty").mkdir()
    monkeypatch.setitem(configured.PLACES, "shopd", (str(place), str(tmp_path / "empty")))
    target = host(tmp_path, {"shop.service": shop(service(), "/usr/sbin/shopd")})
    items, _ = written(target, "processes")
    read = ("empty", "lighttpd/conf-enabled", "lighttpd/lighttpd.conf")
    assert items["process"]["shop"]["config"] == [str(tmp_path / one) for one in read]


def test_a_file_that_is_younger_than_its_service(tmp_path: pathlib.Path, service: Any) -> None:
    """It is not promised, and why is said: the rest of the process is."""
    pid, env = service(), tmp_path / "shop.env"
    env.write_text("A=1\n")
    later = time.time() + 60
    os.utime(env, (later, later))
    more = f"EnvironmentFiles={env} (ignore_errors=no)"
    target = host(tmp_path, {"shop.service": shop(pid, sys.executable, more)})
    items, text = written(target, "processes")
    assert "config" not in items["process"]["shop"]
    assert items["process"]["shop"]["environment"] == ["SHOP_COLOUR", "TZ"]
    assert f"# left out: config of process shop: {env} changed at " in text


def test_in_the_words_of_its_unit_file(tmp_path: pathlib.Path, service: Any) -> None:
    """A link that a deployment moves stays one: who runs the release before is told then."""
    for name in ("v1", "v2"):
        (tmp_path / name).mkdir()
    link = tmp_path / "current"
    link.symlink_to("v1")
    pid = service(cwd=link)
    folder = f"WorkingDirectory={link}"
    units = {"shop.service": shop(pid, sys.executable, folder), "other.service": "active exited"}
    units["odd.service"] = shop(pid, "/usr/sbin/no-such", "WorkingDirectory=/usr")
    target = host(tmp_path, units)
    items, text = written(target, "processes")
    shop_, odd = items["process"]["shop"], items["process"]["odd"]
    resolved = str(pathlib.Path(sys.executable).resolve())
    assert (shop_["working_folder"], shop_["executable"]) == (str(link), sys.executable)
    assert (odd["working_folder"], odd["executable"]) == (str(tmp_path / "v1"), resolved)
    assert "left out" not in text
    named = contract(tmp_path, {"process.web": 'unit = "shop.service"\nuser = "nobody"'})
    again, _ = record(target, named, ["processes"])
    assert "[process.web]" in again["processes"]
    assert "[process.shop]" not in again["processes"]
    link.unlink()
    link.symlink_to("v2")
    keys = {"process.shop": f'unit = "shop.service"\nworking_folder = "{link}"'}
    assert told(scene(tmp_path, keys, target)) == {
        "process.shop": f"working folder is {tmp_path}/v1"
    }


def test_a_systemctl_that_tells_no_files(tmp_path: pathlib.Path, service: Any) -> None:
    """Of what it printed before it failed, nothing is told: it is a command line, too."""
    target = host(tmp_path, {"shop.service": shop(service(), sys.executable)})
    folder = tmp_path / "units"
    fails = "case $* in *'ExecStart,EnvironmentFiles '*)"
    fails += f" echo 'ExecStart={{ argv[]={SECRET}'; echo no bus >&2; exit 1 ;; esac"
    lying(tmp_path, systemctl=fails + SYSTEMCTL.format(folder=folder))
    items, text = written(target, "processes")
    assert "shop" in items["process"]
    assert SECRET not in text
    assert "# cannot tell (upstream): systemctl show: no bus" in text


@pytest.mark.parametrize(
    ("how", "path", "it_is"),
    [
        ("word", "/etc/shop/env", True),
        ("word", "/usr/local/etc/shop", True),
        ("option", "/opt/shop/shop.yaml", True),
        ("word", "/opt/shop/data.yaml", False),
        ("option", "/srv/shop/gunicorn_conf.py", True),
        ("option", "/opt/shop/run.sh", False),
        ("option", "/var/log/shop.json", False),
        ("option", "/run/shop/shop.conf", False),
        ("option", "/var/lib/shop/state.json", False),
        ("option", "/etc/resolv.conf", False),
        ("word", "/etc/hosts", False),
    ],
)
def test_what_is_a_configuration(how: str, path: str, it_is: bool) -> None:  # noqa: FBT001 - a table
    """What stands in a command line, and changes by itself or is a program, is none."""
    assert configured.is_config(how, path) is it_is


def test_a_program_that_is_told_of_its_file(
    tmp_path: pathlib.Path, service: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its unit file, where its title says no more; it reads no other file, and its folder."""
    (tmp_path / "conf.d").mkdir()
    usual = tmp_path / "usual.conf"
    usual.write_text("-")
    monkeypatch.setitem(configured.PLACES, "shopd", (str(usual), str(tmp_path / "conf.d")))
    monkeypatch.setattr(configured, "OTHERWISE", ("selfd",))
    words = f"argv[]=/usr/sbin/shopd /etc/shells --password={SECRET} ; ignore_errors=no"
    one = f"active running\npid={service()}\nExecStart={{ path=/usr/sbin/shopd ; {words} }}"
    target = host(
        tmp_path,
        {
            "one.service": one,
            "two.service": shop(service(), "/usr/sbin/shopd"),
            "three.service": one.replace("/shopd ;", "/selfd ;"),
        },
    )
    items, text = written(target, "processes")
    assert SECRET not in text
    folder = str(tmp_path / "conf.d")
    assert items["process"]["one"]["config"] == ["/etc/shells", folder]
    assert items["process"]["two"]["config"] == [folder, str(usual)]
    assert "config" not in items["process"]["three"]  # systemd does not know when it reads it


ETC = (
    *("/etc/prometheus/prometheus.yml", "/etc/prometheus/alertmanager.yml"),
    *("/etc/tinyproxy/tinyproxy.conf", "/etc/systemd/resolved.conf"),
)


@pytest.mark.parametrize(
    ("program", "named", "expected"),
    [
        ("/usr/bin/prometheus", "", ETC[:1]),
        ("/usr/bin/prometheus-alertmanager", "", ETC[1:2]),
        ("/usr/local/bin/alertmanager", "", ETC[1:2]),
        ("/usr/bin/tinyproxy", "", ETC[2:3]),
        ("/usr/lib/systemd/systemd-resolved", "", ETC[3:]),
        ("/usr/bin/prometheus-node-exporter", "", ()),
        # Told of changes in their own words: no start and no reload of systemd's follows them.
        ("/usr/bin/supervisord", "/etc/shells", ()),
        ("/usr/bin/monit", "/etc/shells", ()),
        ("/usr/bin/shopd", "/etc/shells", ("/etc/shells",)),
    ],
)
def test_whose_places(program: str, named: str, expected: tuple[str, ...]) -> None:
    """A program's own, and no other's in the same folder."""
    told = {
        "units": f"Id=x.service\nMainPID=7\nStarts={program}\n",
        "named": f"7\tword\t{named}\n" if named else "",
        "places": "".join(f"f\t{one}\n" for one in ETC),
    }
    parts = ("exes", "settings", "read", "included", "certificates", "credentials")
    answer = parted({}, **dict.fromkeys(parts, ""), **told)
    found = configured.read(answer, [configured.ALL])[configured.ALL]
    assert isinstance(found, configured.Configs)
    assert found.units.get("x.service", ()) == expected


def timer(*lines: str, ago: float | None = 0) -> str:
    """A timer that waits, and ran so many seconds ago."""
    now = dt.datetime.now(dt.timezone.utc)
    last = "n/a" if ago is None else f"{now - dt.timedelta(seconds=ago):{STAMP}}"
    times = (f"LastTriggerUSec={last}", f"NextElapseUSecRealtime={now:{STAMP}}")
    return "\n".join(("active waiting", "Unit=shop.service", *times, *lines))


DAY_, HOUR_ = 86400, 3600
CALENDAR = "TimersCalendar={{ OnCalendar={} ; next_elapse=Mon 2026-11-30 06:00:00 UTC }}"
EVERY = "TimersMonotonic={{ OnUnitActiveUSec={} ; next_elapse=1h }}"
WORKDAYS, PERSISTENT = CALENDAR.format("Mon..Fri *-*-* 06:00:00"), "Persistent=yes"
NO_INTERVAL = "its file gives it no interval from run to run"
LATE = "AccuracyUSec=1min\nRandomizedDelayUSec=29min"


@pytest.mark.parametrize(
    ("lines", "ago", "within", "says"),
    [
        ((WORKDAYS, PERSISTENT), 0, 2 * 3 * DAY_, ""),
        ((WORKDAYS, PERSISTENT, LATE), 0, 2 * (3 * DAY_ + 1800), ""),
        ((WORKDAYS, "Persistent=no"), 0, None, "it waits up to 3 days, and is not Persistent"),
        ((EVERY.format("15min"), "Persistent=no"), 0, 1800, ""),
        ((EVERY.format("1d"),), 0, 2 * DAY_, ""),
        ((EVERY.format("1d 1us"),), 0, None, "it waits up to"),
        ((WORKDAYS, EVERY.format("1h 30min")), 0, 3 * HOUR_, ""),
        ((EVERY.format("15min"),), HOUR_, None, "it last ran 1h "),
        ((WORKDAYS, PERSISTENT), None, None, "it never ran"),
        (
            (CALENDAR.format("never"), PERSISTENT),
            0,
            None,
            NO_INTERVAL,
        ),
        (
            ("TimersMonotonic={ OnBootUSec=15min ; next_elapse=1h }",),
            0,
            None,
            NO_INTERVAL,
        ),
        ((EVERY.format("often"),), 0, None, NO_INTERVAL),
        ((EVERY.format("0"),), 0, None, NO_INTERVAL),
    ],
)
def test_when_a_timer_ran(
    lines: tuple[str, ...],
    ago: float | None,
    within: int | None,
    says: str,
    tmp_path: pathlib.Path,
) -> None:
    """Twice its longest wait, as its file has it; left out, and said, where nobody knows."""
    target = host(tmp_path, {"shop.timer": timer(*lines, ago=ago), "shop.service": "active exited"})
    lying(tmp_path, systemd_analyze=ANALYZE)
    items, text = written(target, "timers")
    assert items["timer"]["shop"].get("ran_within_s") == within, text
    assert (f"# left out: ran_within_s of timer shop: {says}" in text) == bool(says), text
    assert items["timer"]["shop"]["starts"] == "shop.service"


def test_no_systemd_analyze(tmp_path: pathlib.Path) -> None:
    """A calendar that cannot be counted out is no promise; why is said."""
    target = host(
        tmp_path, {"shop.timer": timer(WORKDAYS, PERSISTENT), "shop.service": "active exited"}
    )
    lying(tmp_path, systemd_analyze="echo Unknown operation >&2; exit 1")
    items, text = written(target, "timers")
    assert "ran_within_s" not in items["timer"]["shop"]
    words = "systemd-analyze calendar: Unknown operation"
    assert f"# left out: ran_within_s of timer shop: {words}" in text


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1d 2h", 93600), ("0", 0), ("1.5s", 1.5), ("2w 500ms", 1209600.5), ("infinity", None)],
)
def test_a_span(text: str, seconds: float | None) -> None:
    """As systemd writes them."""
    assert intervals.span(text) == seconds


@pytest.mark.parametrize(
    ("program", "folder"),
    [
        ("unbound", "/etc/unbound/unbound.conf.d"),
        ("mosquitto", "/etc/mosquitto/conf.d"),
        ("rsyslogd", "/etc/rsyslog.d"),
    ],
)
def test_places_of_known_programs(program: str, folder: str) -> None:
    """The folder beside its file counts, too, also where its command line names another file."""
    there = {folder: "d", "/etc/nginx": "d"}
    assert configured._own({program}, there, is_told=True) == [folder]  # noqa: SLF001
