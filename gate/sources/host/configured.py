"""Which files of a host its services read at their start, as far as that can be told from outside.

Known programs read their own places; others are told of them by their unit files and by their
command lines. Of a command line nothing leaves the host but the name of a file that is there.
"""

from __future__ import annotations

import fnmatch
import pathlib
import posixpath
import re
from collections.abc import Mapping, Sequence

from gate.sources.fact import Absent, CannotTell, Model
from gate.sources.host.parts import cannot_tell, parts, read_parts
from gate.sources.host.probe import Probe
from gate.sources.host.section import Section

ALL = "configs"
"""The one subject of the probe."""
MOST = 500
"""So many services are told of."""
PLACES = {
    "nginx": ("/etc/nginx",),
    "apache2": (
        *("/etc/apache2/apache2.conf", "/etc/apache2/envvars", "/etc/apache2/ports.conf"),
        *("/etc/apache2/mods-enabled", "/etc/apache2/conf-enabled", "/etc/apache2/sites-enabled"),
    ),
    "httpd": ("/etc/httpd/conf", "/etc/httpd/conf.d", "/etc/httpd/conf.modules.d"),
    "haproxy": ("/etc/haproxy",),
    "lighttpd": ("/etc/lighttpd",),
    "caddy": ("/etc/caddy",),
    "varnishd": ("/etc/varnish",),
    "squid": ("/etc/squid",),
    "keepalived": ("/etc/keepalived",),
    "dnsmasq": ("/etc/dnsmasq.conf", "/etc/dnsmasq.d"),
    "unbound": ("/etc/unbound/unbound.conf", "/etc/unbound/unbound.conf.d"),
    "mosquitto": ("/etc/mosquitto/mosquitto.conf", "/etc/mosquitto/conf.d"),
    "rsyslogd": ("/etc/rsyslog.conf", "/etc/rsyslog.d"),
    "chronyd": ("/etc/chrony", "/etc/chrony.conf"),
    "sshd": ("/etc/ssh/sshd_config", "/etc/ssh/sshd_config.d"),
    "memcached": ("/etc/memcached.conf", "/etc/sysconfig/memcached"),
    "redis-server": ("/etc/redis/redis.conf", "/etc/redis.conf"),
    "valkey-server": ("/etc/valkey/valkey.conf",),
    "mariadbd": ("/etc/mysql", "/etc/my.cnf", "/etc/my.cnf.d"),
    "mysqld": ("/etc/mysql", "/etc/my.cnf", "/etc/my.cnf.d"),
    "dovecot": ("/etc/dovecot",),
    "dockerd": ("/etc/docker/daemon.json",),
    "php-fpm*": ("/etc/php/*/fpm", "/etc/php-fpm.conf", "/etc/php-fpm.d"),
    "prometheus": ("/etc/prometheus/prometheus.yml", "/etc/prometheus/rules.yml"),
    "*alertmanager": ("/etc/prometheus/alertmanager.yml",),
    "tinyproxy": ("/etc/tinyproxy/tinyproxy.conf", "/etc/tinyproxy.conf"),
    "systemd-resolved": ("/etc/systemd/resolved.conf", "/etc/systemd/resolved.conf.d"),
    "systemd-timesyncd": ("/etc/systemd/timesyncd.conf", "/etc/systemd/timesyncd.conf.d"),
}
"""What programs read at their start, by their names: what changes it has them started or reloaded
by systemd. Left out is who is told of changes otherwise (`OTHERWISE`, Postfix, Exim, Tomcat), and
who writes there itself.
"""
OTHERWISE = ("postgres", "postmaster", "supervisord", "monit", "fail2ban-server")
"""Programs that are told of changes by a signal or in their own words, of which systemd does not
know: the files that their command lines name are left out, too."""
THEMSELVES = (
    "redis-server",
    "valkey-server",
    "keydb-server",
    "redis-check-rdb",
    "valkey-check-rdb",
)
"""Programs that write their own file when they are told to (``CONFIG REWRITE``)."""
SENTINELS = ("redis-sentinel", "valkey-sentinel")
"""Such ones that do it whenever they see something new: nothing of it is recorded."""
FIRST = {"/etc/nginx": "nginx.conf"}
"""Places of which nothing is read but a file, what that includes, and so on."""
LEVELS = 8
"""So deep files may include others."""
SHOWN = "Id,MainPID,FragmentPath,DropInPaths,ExecStart,EnvironmentFiles"
CERTIFICATE = (
    r"^[[:space:]]*(ssl_((trusted_|client_)?certificate|certificate_key|dhparam)|"
    r"SSL(CA)?Certificate(Key|Chain)?File|ssl[-_](cert|key|ca)|tls|"
    r"ssl_server_(cert|key)_file|bind[[:space:]].*[[:space:]](crt|ca-file))[[:space:]=]+[\"<]?"
    r"/[^;\"[:space:]]+"
)
"""What names a certificate in such a file, and is read together with it."""
LOADED = r"LoadCredential\(Encrypted\)\{0,1\}"
"""What names, in a unit file, a file that systemd reads for a service at its start."""
OPTIONS = ("-c", "-f", "--config", "--conf", "--config-file", "--config.file", "--configfile")
"""What stands before such a file in a command line, with a blank or ``=`` between them."""
PASSING = re.compile(
    r"/(dev|proc|sys|run|tmp|var/(cache|lib|log|run|spool|tmp))/|"
    r"/etc/(resolv\.conf|hosts|hostname|mtab|passwd|group|localtime|machine-id)$"
)
"""Nobody's configuration, or read anew by itself."""
ETC = re.compile(r"/(usr/local/)?etc/")
CONFIG = re.compile(
    r".*(\.(conf|cfg|cnf|ini|toml|ya?ml|json|xml|hcl|properties|conf\.py)|"
    r"/gunicorn[^/]*\.py|Caddyfile)"
)


class Configs(Model):
    """What each service reads, by its unit: paths that are there."""

    units: dict[str, tuple[str, ...]]


def script(subjects: Sequence[str]) -> str:
    """Which services run what, which files their command lines name, and which places exist."""
    del subjects
    places = " ".join(dict.fromkeys(one for ones in PLACES.values() for one in ones))
    commands = {"units": "shown", "exes": "exes", "named": "named", "places": f"places {places}"}
    first = " ".join(f"{place}/{file}" for place, file in FIRST.items())
    commands |= {
        "settings": "settings",
        "read": f"parts_read {places}",
        "included": f"follow {first}",
    }
    commands |= {"certificates": f"certificates {places}", "credentials": "credentials"}
    return parts(commands, functions=INCLUDED + FUNCTIONS)


INCLUDED = (
    (pathlib.Path(__file__).parent / "configured.sh")
    .read_text("utf-8")
    .replace("LEVELS", str(LEVELS))
)
FUNCTIONS = rf"""
names=$(limited systemctl list-units --state=active --full --plain --no-legend --no-pager \
    --type=service | limited awk '$1 ~ /[.]service$/ {{ print $1 }}' | limited sed {MOST}q)
told= ended=0; set -f
if [ -n "$names" ]; then
  told=$(limited systemctl show -p {SHOWN} -- $names 2>&1); ended=$?
fi
set +f
pids=$(printf '%s\n' "$told" | limited sed -n 's/^MainPID=\([1-9][0-9]*\)$/\1/p')
shown() {{
  [ $ended = 0 ] ||
    {{ printf '%s\n' "$told" | limited sed '/^[A-Za-z]*=/d' >&2; return $ended; }}
  printf '%s\n' "$told" | limited sed -n -e '/^\(Id\|MainPID\)=/p' -e '/^$/p' \
    -e 's/^ExecStart={{ path=\([^ ]*\) ;.*/Starts=\1/p' \
    -e 's/^EnvironmentFiles=\(\/.*\) (ignore_errors=[a-z]*)$/Settings=\1/p'
}}
exes() {{
  set --; for pid in $pids; do set -- "$@" "/proc/$pid/exe"; done
  [ $# = 0 ] || limited find "$@" -maxdepth 0 -printf '%p\t%l\n'
}}
# files KEY: of words, a line each, the files: `option` behind one of those that name such a file.
files() {{
  limited awk -v words='{" ".join(OPTIONS)}' '
    BEGIN {{ for (n = split(words, all, " "); n > 0; n--) option[all[n]] }}
    /^\// {{ print (before in option) ? "option" : "word", $0 }}
    {{ before = $0; at = index($0, "=")
      if (at && substr($0, at + 1, 1) == "/")
        print (substr($0, 1, at - 1) in option) ? "option" : "word", substr($0, at + 1) }}' |
    while read -r how file; do
      [ -f "$file" ] && printf '%s\t%s\t%s\n' "$1" "$how" "$file"
    done
}}
named() {{
  for pid in $pids; do
    limited tr '\n\0' ' \n' < "/proc/$pid/cmdline" | limited sed 1d | files "$pid"
  done
  printf '%s\n' "$told" | limited awk '
    /^Id=/ {{ id = substr($0, 4) }}
    /^ExecStart=.* argv\[\]=/ {{ line = $0; sub(/.* argv\[\]=/, "", line); sub(/ ; .*/, "", line)
      starts = starts " " line }}
    /^MainPID=/ {{ runs = $0 != "MainPID=0" }}
    /^$/ {{ if (runs) print id, starts; id = starts = runs = "" }}
    END {{ if (runs) print id, starts }}' | while read -r id program words; do
      [ -z "$words" ] || printf '%s\n' "$words" | limited tr ' ' '\n' | files "$id"
    done
  return 0
}}
# Of what systemd loads for a unit it tells no name: its files say it.
credentials() {{
  printf '%s\n' "$told" | limited awk '
    /^Id=/ {{ id = substr($0, 4) }}
    /^FragmentPath=\// {{ files = files " " substr($0, 14) }}
    /^DropInPaths=\// {{ files = files " " substr($0, 13) }}
    /^$/ {{ if (files) print id files; files = "" }}
    END {{ if (files) print id files }}' | while read -r id files; do
      set -f; set -- $files; set +f
      limited sed -n 's/^{LOADED}=[^:]*:\(\/[^%]*\)$/\2/p' "$@" 2>/dev/null |
        while read -r file; do [ -f "$file" ] && printf '%s\tloaded\t%s\n' "$id" "$file"; done
    done
  return 0
}}
settings() {{
  shown | limited sed -n 's/^Settings=//p' | while read -r file; do
    [ -f "$file" ] && printf '%s\n' "$file"
  done
  return 0
}}
certificates() {{
  for place; do
    [ -e "$place" ] || continue
    limited grep -RhosE --exclude-dir='*-available' '{CERTIFICATE}' "$place" |
      limited sed 's/.*[="<[:space:]]\(\/.*\)/\1/' | limited sort -u | limited sed {MOST}q |
      while read -r file; do
        [ -f "$file" ] && printf '%s\tbeside\t%s\n' "$place" "$file"
      done
  done
  return 0
}}
places() {{ limited find -H "$@" -maxdepth 0 -printf '%y\t%p\n' 2>/dev/null; return 0; }}
"""


def read(section: Section, subjects: Sequence[str]) -> Mapping[str, Configs | Absent | CannotTell]:
    """What each service reads; whose program is not shown is left out."""
    told = read_parts(section)
    shown = told["units"]
    if shown.rc != 0:
        return dict.fromkeys(subjects, cannot_tell(shown, "systemctl show"))
    exes = dict(
        line.split("\t", 1) for line in told["exes"].text.splitlines() if line.count("\t") == 1
    )
    named, beside = _named(told["named"].text), _named(told["certificates"].text)
    loaded = _named(told["credentials"].text)
    places = (line.partition("\t")[::2] for line in told["places"].text.splitlines())
    there = {path: kind for kind, path in places}
    settings = set(told["settings"].text.splitlines())
    included = _parts_of(told["included"].text)
    read_of = {**_parts_of(told["read"].text), **included}
    units: dict[str, tuple[str, ...]] = {}
    for block in shown.text.split("\n\n"):
        lines = [line.partition("=")[::2] for line in block.splitlines()]
        said = dict(lines)
        pid = said.get("MainPID", "0")
        programs = {
            posixpath.basename(one)
            for one in (said.get("Starts", ""), exes.get(f"/proc/{pid}/exe", ""))
        }
        given = [value for key, value in lines if key == "Settings" and value in settings]
        given += [path for _, path in loaded.get(said.get("Id", ""), ())]
        words = (*named.get(pid, ()), *named.get(said.get("Id", ""), ()))
        words = () if programs.intersection(OTHERWISE + SENTINELS) else words
        own = _own(programs, there, is_told=any(is_config(*one) for one in words))
        own += [path for one in own if one not in included for _, path in beside.get(one, ())]
        own = [path for one in own for path in read_of.get(one, (one,))]
        found = (*given, *own, *(path for how, path in words if is_config(how, path)))
        if pid != "0" and found:
            units[said.get("Id", "")] = tuple(sorted(_topmost(found)))
    return dict.fromkeys(subjects, Configs(units=units))


def _parts_of(text: str) -> dict[str, tuple[str, ...]]:
    """What is read of a place, where that is not all of it; lines ``place TAB path``."""
    found: dict[str, tuple[str, ...]] = {}
    for place, tab, path in (line.partition("\t") for line in text.splitlines()):
        if tab:
            found[place] = (*found.get(place, ()), path)
    return found


def _named(text: str) -> dict[str, list[tuple[str, str]]]:
    """Paths by whose they are, with how they were named."""
    found: dict[str, list[tuple[str, str]]] = {}
    for line in text.splitlines():
        if line.count("\t") == 2:  # noqa: PLR2004 - three words
            key, how, path = line.split("\t")
            found.setdefault(key, []).append((how, path))
    return found


def _own(programs: set[str], there: Mapping[str, str], *, is_told: bool) -> list[str]:
    """The places of some programs that are there; of one in several versions its own version's.

    A program that is told of a file reads no other file, and the folders all the same.
    """
    found: list[str] = []
    for program in programs:
        patterns = next((p for name, p in PLACES.items() if fnmatch.fnmatchcase(program, name)), ())
        version = program.lstrip("abcdefghijklmnopqrstuvwxyz-")
        wanted = [one.replace("*", version or "*") for one in patterns]
        found += [
            path
            for path, kind in there.items()
            if any(fnmatch.fnmatchcase(path, one) for one in wanted)
            and (kind == "d" or not is_told)
        ]
    return found


def is_config(how: str, path: str) -> bool:
    """Whether a file that a command line names is one that is read at the start, and only then."""
    if PASSING.match(path) or "/../" in path:
        return False
    return bool(ETC.match(path) or (how == "option" and CONFIG.fullmatch(path)))


def _topmost(paths: Sequence[str]) -> set[str]:
    """Paths without those that lie below another of them."""
    return {one for one in paths if not any(one.startswith(f"{other}/") for other in paths)}


CONFIGS = Probe[str, Configs](
    name="gate.configs", model=Configs, script=script, read=read, deadline_s=8.0
)
