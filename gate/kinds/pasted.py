"""Commands that somebody pastes to look for himself: from here, with what leads to the host.

They only read: what asks the database does so in a transaction that cannot write. No value of a
secret stands in one: keys are files, logins are variables, and the database is libpq's service.
"""

from __future__ import annotations

import functools
import pathlib
import shlex
from urllib.parse import parse_qs, unquote, urlsplit

from gate.connection import libpq
from gate.kinds.finding import Here
from gate.kinds.scene import Scene
from gate.sources.api.curl import curl
from gate.sources.api.promised import PromisedExchange
from gate.sources.fact import Seen
from gate.target import Target

LOCAL_PORT = 54329
"""Where a tunnel begins on this side."""
TUNNEL_S = 20
"""For so long a tunnel stays open that nobody goes through."""


def pasted(command: str, scene: Scene) -> str:
    """A finding's command, as it is run where the gate is."""
    if not command or isinstance(command, Here):
        return str(command)
    return on_host(command, scene)


def on_host(command: str, scene: Scene) -> str:
    """A command of the host, led there as the look was: by its way, its PATH and its rights."""
    target = scene.target
    host = scene.observed.host
    inside = command
    if target.path:
        inside = f'PATH={":".join(map(shlex.quote, target.path))}:"$PATH"; {command}'
    if isinstance(host, Seen) and host.value.identity.privileges == "sudo":
        inside = f"sudo -n sh -c {shlex.quote(inside)}"
    way = _way(target)
    if not way:
        return f"({inside})" if inside.startswith("PATH=") else inside
    if way.startswith("ansible ") and "{{" in inside:
        inside = f"{{% raw %}}{inside}{{% endraw %}}"
    return f"{way} {shlex.quote(inside)}"


def psql(command: str, scene: Scene) -> Here:
    """A statement, or a command that begins with a backslash, to be run by ``psql`` from here.

    A statement stands in a transaction that cannot write: the service's own ``options`` would come
    before any of ours, and a pooler refuses them. Where none can be begun, nothing is asked.
    """
    before, where = _reached(scene.target)
    if command.startswith("\\"):
        return Here(f"{before}psql -X {where} -c {shlex.quote(command)}")
    asks = f"-c 'BEGIN READ ONLY' -c {shlex.quote(command)} -c ROLLBACK"
    return Here(f"{before}psql -Xqv ON_ERROR_STOP=1 {where} {asks}")


def schema(scene: Scene) -> Here:
    """What prints the whole schema, to be compared with another one."""
    before, where = _reached(scene.target)
    return Here(f"{before}pg_dump --schema-only {where}")


def _reached(target: Target) -> tuple[str, str]:
    """What has to be run before a client of the database, and the database as its word."""
    words = f"service={target.database.service}"
    if not target.database.forward:
        return "", words
    before = tunnel(_database(target.database.service), target)
    return before, shlex.quote(f"{words} hostaddr=127.0.0.1 port={LOCAL_PORT}") if before else words


def asked(item: PromisedExchange, scene: Scene) -> Here:
    """What asks the API as an endpoint is asked, from here."""
    target = scene.target
    command = curl(item, target)
    base = target.api.bases.get(item.base, target.api) if item.base else target.api
    url = urlsplit(base.base)
    if not base.forward or not target.host.startswith("ssh://") or not url.hostname:
        return Here(command)
    port = url.port or (443 if url.scheme == "https" else 80)
    host = f"[{url.hostname}]" if ":" in url.hostname else url.hostname
    way = f"curl --connect-to {shlex.quote(f'::127.0.0.1:{LOCAL_PORT}')} "
    return Here(tunnel(f"{host}:{port}", target) + way + command.removeprefix("curl "))


def tunnel(leads_to: str, target: Target) -> str:
    """What opens a way to an address of the host, as ssh calls it, before the command behind it."""
    if not target.host.startswith("ssh://"):
        return ""  # the look itself could not go that way
    *options, host = _ssh(target)
    # By its address: as localhost it would be content with one family, while the other's is taken.
    there = f"127.0.0.1:{LOCAL_PORT}:{leads_to}"
    words = ["ssh", "-f", "-o", "ExitOnForwardFailure=yes", "-L", there, *options[1:], host]
    return f"{shlex.join([*words, 'sleep', str(TUNNEL_S)])} && "


@functools.lru_cache(maxsize=16)
def _database(service: str) -> str:
    """Where a service is, as the host calls it; a placeholder where no file says so."""
    try:
        return libpq.leads_to(libpq.service(service))
    except LookupError:
        return f"{libpq.LOOPBACK}:{libpq.PORT}"


def _way(target: Target) -> str:
    """The command that runs one word of a shell on the host; empty where that is this machine."""
    kind, _, rest = target.host.partition("://")
    place, _, query = rest.partition("?")
    place = place.rstrip("/")
    given = {key: one[-1] for key, one in parse_qs(query, keep_blank_values=True).items()}
    if kind == "local":
        return ""
    if kind == "ssh":
        return shlex.join(_ssh(target))
    if kind == "ansible":
        inventory = given.get("ansible_inventory")
        words = ["ansible", *(["-i", inventory] if inventory else []), unquote(place) or "all"]
        return shlex.join([*words, "-m", "raw", "-a"])
    if kind == "kubectl":
        named = [f"--{key}={given[key]}" for key in ("kubeconfig", "context") if key in given]
        named += [f"--namespace={given['namespace']}"] if "namespace" in given else []
        inside = [f"--container={given['container']}"] if "container" in given else []
        words = ["kubectl", *named, "exec", *inside, unquote(place), "--"]
        return shlex.join([*words, "sh", "-c"])
    user, at, name = place.rpartition("@")
    who = ["-u", unquote(user)] if at else []
    return shlex.join([kind, "exec", *who, unquote(name), "sh", "-c"])


def _ssh(target: Target) -> list[str]:
    """The ssh that leads to the host as the gate's own does, the host last."""
    url = urlsplit(target.host)
    given = {key: one[-1] for key, one in parse_qs(url.query, keep_blank_values=True).items()}
    config = given.get("ssh_config") or target.ssh_config
    identity = given.get("ssh_identity_file") or target.ssh_identity_file
    place = url.netloc.rpartition("@")
    words = ["ssh"]
    words += ["-F", _expanded(config)] if config else []
    words += ["-i", _expanded(identity)] if identity else []
    if target.ssh_known_hosts:
        words += ["-o", f"UserKnownHostsFile={_expanded(target.ssh_known_hosts)}"]
    words += ["-p", str(url.port)] if url.port else []
    name = unquote(place[2])
    host = name[1:].partition("]")[0] if name.startswith("[") else name.partition(":")[0]
    return [*words, f"{unquote(place[0])}@{host}" if place[1] else host]


def _expanded(path: str) -> str:
    return str(pathlib.Path(path).expanduser())
