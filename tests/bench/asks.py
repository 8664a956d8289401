"""What is asked of the API by a command, for tools that neither log in nor read JSON.

Each is a line of the shell with what its output has to show, and what it must not: the status and
the kind of content on a line of their own, and the body.
"""

from __future__ import annotations

import shlex
from typing import NamedTuple

ASK = """\
#!/bin/sh
# ask ROLE PATH [words of curl]: the body, then status, content type and where it leads.
# ROLE is nobody, a role, login:ROLE for its login itself, or wrong:ROLE for one that is refused.
. /etc/equal.env
role=$1 at=http://127.0.0.1:8000 path=$2; shift 2
login() {
  eval "user=\\$$1"
  curl -s -m 5 --data-urlencode "username=$user" --data-urlencode "password=$2" "$3" "$4" \\
    "$at/api/v1/auth/login"
}
shown='\\n%{http_code} %{content_type} %{redirect_url}\\n'
case $role in
login:*) login "${role#login:}" "$password" -w "$shown"; exit ;;
wrong:*) login "${role#wrong:}" "not $password" -w "$shown"; exit ;;
nobody) ;;
*)
  [ -s "/run/equal.$role" ] || login "$role" "$password" -f -S \\
    | sed -n 's/.*"access_token": *"\\([^"]*\\)".*/\\1/p' >"/run/equal.$role"
  set -- -H "Authorization: Bearer $(cat "/run/equal.$role")" "$@" ;;
esac
exec curl -s -m 10 --max-filesize 4194304 -w "$shown" "$@" "$at$path"
"""
"""Put on the machine as ``/usr/local/bin/ask``; one login of a role lasts for a run of a tool."""
LOGIN, TICKETS = "/api/v1/auth/login", "/api/v1/tickets"
SEARCH = "/api/v1/rag/search?q=password%20reset"
COPILOT, SUMMARY = "/api/v1/internal/tickets/{}/copilot", "?action=summarize"
JSON = "application/json"
DETAIL = ('"detail"',)


class Ask(NamedTuple):
    """What a command prints, as regular expressions of which each has to match within a line.

    Attributes:
        line: The command.
        shows: What is there.
        never: What is not.
    """

    line: str
    shows: tuple[str, ...]
    never: tuple[str, ...] = ()


def asked(
    role: str,
    path: str,
    status: int,
    shows: tuple[str, ...] = (),
    never: tuple[str, ...] = (),
    *words: str,
    kind: str = JSON,
) -> Ask:
    """A request and what it has to be answered with."""
    line = shlex.join(["ask", role, path, *words])
    return Ask(line, (f"^{status} {kind}", *shows), never)


def api(ticket: str, foreign: str) -> dict[str, Ask]:
    """The requests by the contract's item; some tickets are known by their ids."""
    of_ticket = COPILOT.format(ticket)
    failed = ("[Gg]eneration failed", "[Tt]ry again")
    found = {
        "endpoint.login": asked("login:agent", LOGIN, 200, ('"token_type": *"bearer"',)),
        "endpoint.login_wrong_password": asked("wrong:agent", LOGIN, 401, DETAIL),
        "endpoint.login_json": asked(
            "nobody", LOGIN, 422, DETAIL, (), "-H", f"Content-Type: {JSON}", "-d", "{}"
        ),
        "endpoint.login_get": asked("nobody", LOGIN, 405, DETAIL),
        "endpoint.me": asked(
            "agent", "/api/v1/auth/me", 200, ('"role": *"agent"', '"email"'), ("password",)
        ),
        "endpoint.tickets": asked("agent", TICKETS, 200, (r"^\[",)),
        "endpoint.tickets_customer": asked("customer", TICKETS, 200, ('"subject"', '"priority"')),
        "endpoint.tickets_no_token": asked("nobody", TICKETS, 401, DETAIL),
        "endpoint.tickets_trailing_slash": asked("agent", f"{TICKETS}/", 307, kind=f".*{TICKETS}$"),
        "endpoint.dashboard": asked(
            "manager",
            "/api/v1/analytics/dashboard",
            200,
            ('"total": *[0-9]', '"open": *[0-9]', r'"recent_tickets": *\['),
        ),
        "endpoint.search": asked(
            "agent", f"{SEARCH}&limit=5", 200, (r'"results": *\[\{', '"total": *[1-9]')
        ),
        "endpoint.search_no_token": asked("nobody", "/api/v1/rag/search?q=x", 401, DETAIL),
        "endpoint.copilot": asked(
            "agent", f"{of_ticket}?action=full", 200, (r'"citations": *\[\{',), failed
        ),
        "endpoint.copilot_customer": asked("customer", of_ticket + SUMMARY, 403, DETAIL),
        "endpoint.copilot_foreign": asked("agent", COPILOT.format(foreign) + SUMMARY, 403, DETAIL),
        "endpoint.copilot_bad_id": asked("agent", COPILOT.format("none") + SUMMARY, 400, DETAIL),
        "endpoint.etl_health": asked(
            "nobody", "/api/v1/etl/health", 200, ('"engine": *"polars"', '"version": *"1.12.0"')
        ),
        "endpoint.health": asked("nobody", "/health", 200, (r'^\{.*"status": *"healthy".*\}$',)),
        "endpoint.api_health": asked(
            "nobody",
            "/api/v1/health",
            200,
            (
                r'^\{"status": *"healthy"',
                r'"database": *\{"status": *"connected"',
                r'"disk": *\{"status": *"ok"',
            ),
        ),
        "endpoint.metrics": asked("nobody", "/metrics", 404),
        "access.search.agent": asked(
            "agent", f"{SEARCH}&limit=50", 200, ('"visibility": *"internal"',)
        ),
        "access.search.customer": asked(
            "customer", f"{SEARCH}&limit=50", 200, (), ('"visibility": *"internal"',)
        ),
        "access.tickets.customer": asked("customer", f"{TICKETS}?", 200, (ticket,)),
        "access.tickets.agent": asked("agent", f"{TICKETS}?", 200, (), (ticket,)),
        "access.tickets.foreign_agent": asked("foreign_agent", TICKETS, 200, (), (ticket,)),
        "access.copilot.foreign_agent": asked("foreign_agent", of_ticket + SUMMARY, 403, DETAIL),
        "access.copilot.nobody": asked("nobody", of_ticket + SUMMARY, 401, DETAIL),
    }
    for path in ("auth/me", "analytics/dashboard"):
        name = path.partition("/")[2]
        found[f"access.{name}.nobody"] = asked("nobody", f"/api/v1/{path}", 401, DETAIL)
        for role in ("agent", "manager", "customer"):
            found[f"access.{name}.{role}"] = asked(role, f"/api/v1/{path}?", 200)
    return found


def host(units: dict[str, str], paths: dict[str, str]) -> dict[str, Ask]:
    """What of units and folders only a command tells."""
    found = {"runtime.redis": Ask("redis-server --version", ("v=[678]",))}
    for id_, unit in units.items():
        main = f'"/proc/$(systemctl show -P MainPID {unit})/status"'
        found[f"{id_} state"] = Ask(f"cat {main}", (r"^State:\s*[SRDI]",))
        found[f"{id_} restarts"] = Ask(f"systemctl show -P NRestarts {unit}", ("^0$",))
    for id_, path in paths.items():
        free = f"df -Pm {shlex.quote(path)} | awk 'NR == 2 {{ print ($4 >= 500) }}'"
        found[f"{id_} room"] = Ask(free, ("^1$",))
    return found
