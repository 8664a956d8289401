"""What the programs of a host's units are: the packages that own them, and their versions.

A program is asked for its version only where it is one of `PROGRAMS`, as those are asked, and only
where a package of the host owns it: the look may be root's, and what others may write is not run.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable

from gate.kinds.kind import Discovery, LeftOut, Recorded, Which
from gate.kinds.scene import Scene
from gate.kinds.units_there import asks, there
from gate.kinds.unplaced import path_of
from gate.sources.fact import CannotTell, Seen
from gate.sources.host.census import CENSUS, UNITS, Census

VERSION_ = "--version"
PROGRAMS = {
    r"python(\d[\d.]*)?": ("Python", VERSION_),
    r"pypy(\d[\d.]*)?": ("PyPy", VERSION_),
    r"node|nodejs": ("Node.js", VERSION_),
    r"ruby(\d[\d.]*)?": ("Ruby", VERSION_),
    r"perl": ("Perl", "-v"),
    r"php(-fpm|-cgi)?(\d[\d.]*)?": ("PHP", "-v"),
    r"php-fpm(\d[\d.]*)?": ("PHP", "-v"),
    r"java": ("Java", "-version"),
    r"dotnet": (".NET", VERSION_),
    r"nginx": ("nginx", "-v"),
    r"apache2|httpd": ("Apache", "-v"),
    r"haproxy": ("HAProxy", "-v"),
    r"caddy": ("Caddy", "version"),
    r"traefik": ("Traefik", "version"),
    r"postgres": ("PostgreSQL", VERSION_),
    r"mariadbd": ("MariaDB", VERSION_),
    r"mysqld": ("MySQL", VERSION_),
    r"mongod": ("MongoDB", VERSION_),
    r"redis-server|redis-check-rdb": ("Redis", VERSION_),
    r"valkey-server": ("Valkey", VERSION_),
    r"memcached": ("memcached", "-V"),
    r"dockerd": ("Docker", VERSION_),
    r"containerd": ("containerd", VERSION_),
    r"prometheus": ("Prometheus", VERSION_),
    r"pgbouncer": ("PgBouncer", VERSION_),
}
"""By the program's name: what its version is called, and how it is asked for it."""
ENVIRONMENT = re.compile(r"(/.+)/bin/([^/]+)")
INTERPRETER = re.compile(r"(python|pypy)[\d.]*")
UPSTREAM = re.compile(r"(?:\d+:)?(\d[\w.]*)")
"""The version that a person would write, of what a package is called by its distribution."""
MODEL_NEEDS = "0"


def upstream(version: str) -> str:
    """A version without its epoch and without what the distribution put behind it."""
    match = UPSTREAM.match(version)
    return match[1] if match else version


def _units(scene: Scene, which: Which) -> tuple[list[Census], list[CannotTell]]:
    found, notes = there(scene, ("service",), everything=which == "all")
    return found, [one for one in notes if isinstance(one, CannotTell)]


def _packages(scene: Scene, which: Which) -> Iterable[Recorded | LeftOut | CannotTell]:
    """Who owns the programs that run, and of a Python environment what starts there."""
    found, notes = _units(scene, which)
    yield from notes
    fact = scene.probed(CENSUS, UNITS)
    if isinstance(fact, Seen) and fact.value.unowned:
        yield LeftOut(fact.value.unowned)
    owners: dict[tuple[str, str, str], list[str]] = {}
    for one in found:
        manager, _, name = one.package.partition(" ")
        if name:
            owners.setdefault((manager, "", name), []).append(one.unit)
        match = ENVIRONMENT.fullmatch(one.starts)
        folder = path_of(scene.target, match[1]) if match else None
        runs = posixpath.basename(one.executable)
        if not match or not folder or (runs and not INTERPRETER.fullmatch(runs)):
            continue  # no program of a Python environment
        if not INTERPRETER.fullmatch(match[2]) and folder.count("/") > 1:
            owners.setdefault(("pip", folder, match[2]), []).append(one.unit)
    for (manager, folder, name), units in sorted(owners.items()):
        keys = {
            "title": f"{name} is what {', '.join(dict.fromkeys(units))} runs",
            "package": name,
            "manager": manager,
        }
        yield Recorded(name, {**keys, **({"folder": folder} if folder else {})})


def _runtimes(scene: Scene, which: Which) -> Iterable[Recorded | LeftOut | CannotTell]:
    """The programs that can be asked for their versions, and the database's server."""
    if scene.target.database.service:
        server = {"title": "t", "label": "PostgreSQL", "server": "postgresql"}
        yield Recorded("postgresql", {**server, "version": MODEL_NEEDS})
    found, notes = _units(scene, which)
    yield from notes
    yield from _not_run(found)
    for command, label in sorted(set(_commands(found, scene))):
        name = re.sub(r"\W+", "_", command[0]).strip("_")
        keys: dict[str, object] = {"title": "t", "label": f"{label} ({command[0]})"}
        keys["command"] = list(command)
        yield Recorded(name, {**keys, "version": MODEL_NEEDS})


def _commands(found: Iterable[Census], scene: Scene) -> Iterable[tuple[tuple[str, str], str]]:
    for one in found:
        path = path_of(scene.target, one.executable) if one.pid and one.package else None
        how = _how(posixpath.basename(one.executable))
        if path and how:
            yield (path, how[1]), how[0]


def _not_run(found: Iterable[Census]) -> Iterable[LeftOut]:
    """The programs that could be asked, and are not: no package owns them."""
    for name in sorted({one.executable for one in found if one.pid and not one.package}):
        if _how(posixpath.basename(name)):
            yield LeftOut(f"the version of {name}: no package owns it, so it is not run")


def _how(name: str) -> tuple[str, str] | None:
    return next((how for one, how in PROGRAMS.items() if re.fullmatch(one, name)), None)


PACKAGES_THERE = Discovery(asks=asks, names=_packages, doubtful=("version",))
RUNTIMES_THERE = Discovery(asks=asks, names=_runtimes)
