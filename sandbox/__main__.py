"""The sandbox's commands: ``python -m sandbox up | down | status | reset | logs | env``."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import sys

from sandbox import lifecycle
from sandbox.home import Home, SandboxError, find_home


def main() -> int:
    """Run a command; 0 when done, 1 when it failed or there is no sandbox, 2 for wrong options."""
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in (
        ("up", "bring the sandbox up; nothing happens where it is up"),
        ("down", "take it down and remove everything"),
        ("status", "say what runs"),
        ("reset", "start over: the release before, freshly seeded"),
        ("logs", "print the logs of all units, or of one"),
        ("env", 'print what a shell needs to act on it: eval "$(python -m sandbox env)"'),
    ):
        command = commands.add_parser(name, help=text)
        command.add_argument("--name", default="default", help="which sandbox (default: default)")
        if name in ("up", "reset"):
            command.add_argument(
                "--owner", type=int, default=0, help="process whose end takes the sandbox down"
            )
        if name == "status":
            command.add_argument("--json", action="store_true", help="everything, for programs")
        if name == "logs":
            command.add_argument("unit", nargs="?", help="such as atum-desk-api")
    options = parser.parse_args()
    try:
        return COMMANDS[options.command](find_home(options.name), options)
    except SandboxError as error:
        print(f"sandbox: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader has enough
        return 0
    except KeyboardInterrupt:
        print("sandbox: interrupted, and taken down", file=sys.stderr)
        return 130


def _up(home: Home, options: argparse.Namespace) -> int:
    if not lifecycle.up(home, print, options.owner):
        print(f"sandbox {home.name} is up already")
    return 0


def _down(home: Home, _: argparse.Namespace) -> int:
    print(f"sandbox {home.name} is {'down' if lifecycle.down(home) else 'not there'}")
    return 0


def _reset(home: Home, options: argparse.Namespace) -> int:
    lifecycle.down(home)
    return _up(home, options)


def _status(home: Home, options: argparse.Namespace) -> int:
    found = lifecycle.describe(home)
    if options.json:
        print(json.dumps(found, indent=1))
    elif not found["running"]:
        print(f"sandbox {home.name} is not running; `python -m sandbox up` brings it up")
    else:
        print(f"sandbox {home.name}: release {found['release']}, API {found['api']}")
        print(f"PATH prefix for systemctl and journalctl: {found['bin']}")
        for one in found["units"]:
            print(f"  {one['unit']:<36} {one['active']:<20} {one['enabled']}")
    return 0 if found["running"] else 1


def _logs(home: Home, options: argparse.Namespace) -> int:
    folder = home.root / "var/log/journal"
    wanted = options.unit and (options.unit if "." in options.unit else f"{options.unit}.service")
    files = [one for one in sorted(folder.glob("*.log")) if not wanted or one.stem == wanted]
    if not files:
        print(f"sandbox: no logs{f' of {wanted}' if wanted else ''} in {folder}", file=sys.stderr)
        return 1
    for file in files:
        for line in file.read_text("utf-8", "replace").splitlines():
            print(f"{file.stem}: {line}")
    return 0


def _env(home: Home, _: argparse.Namespace) -> int:
    found = lifecycle.describe(home)
    if not found["running"]:
        raise SandboxError(f"{home.name} is not running; `python -m sandbox up` brings it up")
    print(f'export PATH={shlex.quote(found["bin"])}:"$PATH"')
    for key, value in {**found["env"], "PGSERVICE": "atum_app"}.items():
        print(f"export {key}={shlex.quote(value)}")
    return 0


COMMANDS = {
    "up": _up,
    "down": _down,
    "reset": _reset,
    "status": _status,
    "logs": _logs,
    "env": _env,
}

if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main())
