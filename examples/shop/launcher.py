"""A shop for a while: ``python launcher.py up | down | status | target | env --name NAME``.

The gate runs the first three itself, as ``targets/throwaway.toml`` tells it. A shop lies in
``var/NAME``, laid out as on its host: ``var/NAME/srv/shop``. ``target`` and ``env`` print a target
file for a shop that somebody keeps, and the variables with its clerk's login, for a shell.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import secrets
import shlex
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "shop/releases/1.0"))
PORT = 8080
"""The shop's port in the contract; here it has one that is free."""
READY_S = 20.0
TARGET = """\
title = "Tea shop on this machine"
host = "local://"
prefix = {prefix}
port_offset = {port_offset}
path = {path}

[api]
base = {api}
[api.roles.clerk]
user_env = "SHOP_CLERK"
password_env = "SHOP_CLERK_PASSWORD"
"""


def main() -> None:
    """Run a command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("command", choices=["up", "down", "status", "target", "env", "guard"])
    parser.add_argument("--name", default="default")
    parser.add_argument("--owner", type=int, default=0, help="process whose end takes it down")
    options = parser.parse_args()
    home = HERE / "var" / options.name
    if options.command == "up":
        up(home, options.owner)
    elif options.command == "down":
        down(home)
    elif options.command == "guard":
        guard(home, options.owner)
    else:
        found = status(home)
        if options.command != "status" and not found["running"]:
            sys.exit(
                f"there is no shop {options.name}: python launcher.py up --name {options.name}"
            )
        print({"status": json.dumps, "target": target, "env": variables}[options.command](found))


def up(home: pathlib.Path, owner: int) -> None:
    """Lay a shop out, freshly seeded, start it, and wait until it answers."""
    down(home)
    home.mkdir(mode=0o700, parents=True)
    shop = home / "srv/shop"
    shutil.copytree(HERE / "shop", shop)
    for name in ("data", "log", "run"):
        (shop / name).mkdir(mode=0o755 if name == "log" else 0o750)
    (shop / "current").symlink_to("releases/1.0")
    port = free_port()
    (shop / "port").write_text(str(port))
    password = secrets.token_urlsafe()
    seed(shop / "data/shop.sqlite", password)
    state = {
        "prefix": str(home),
        "port_offset": port - PORT,
        "path": [str(pathlib.Path(sys.executable).parent)],
        "instance": f"{home}#{secrets.token_hex(4)}",
        "api": f"http://127.0.0.1:{port}",
        "env": {"SHOP_CLERK": "camellia", "SHOP_CLERK_PASSWORD": password},
    }
    (home / "state.json").touch(mode=0o600)
    (home / "state.json").write_text(json.dumps(state))
    control(home, "start")
    wait_for(f"{state['api']}/health")
    if owner:
        words = [__file__, "guard", "--name", home.name, "--owner", str(owner)]
        subprocess.Popen(
            [sys.executable, *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )


def down(home: pathlib.Path) -> None:
    """Stop a shop and remove it."""
    if home.is_dir():
        control(home, "stop")
        shutil.rmtree(home, ignore_errors=True)


def status(home: pathlib.Path) -> dict[str, object]:
    """What the gate has to know of a shop."""
    if not (home / "state.json").is_file():
        return {"running": False}
    deployed = (home / "srv/shop/current").readlink().name != "1.0"
    state: dict[str, object] = json.loads((home / "state.json").read_text())
    return {"running": True, "deployed": deployed, **state}


def target(found: dict[str, object]) -> str:
    """A target file for a shop that runs; a list and a text are the same in TOML and JSON."""
    return TARGET.format(**{key: json.dumps(value) for key, value in found.items()})


def variables(found: dict[str, object]) -> str:
    """Its clerk's login as a shell takes it over."""
    env = found["env"]
    pairs = env.items() if isinstance(env, dict) else ()
    return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in pairs)


def guard(home: pathlib.Path, owner: int) -> None:
    """Take a shop down when the process that it was started for is no more."""
    while home.is_dir() and pathlib.Path(f"/proc/{owner}").is_dir():
        time.sleep(0.5)
    down(home)


def control(home: pathlib.Path, word: str) -> None:
    """Start or stop its process."""
    path = f"{pathlib.Path(sys.executable).parent}:{os.environ.get('PATH', os.defpath)}"
    subprocess.run([home / "srv/shop/shopctl", word], check=False, env={**os.environ, "PATH": path})


def seed(file: pathlib.Path, password: str) -> None:
    """Write the data of release 1.0, with one clerk."""
    from shop import digest  # noqa: PLC0415 - the release's own

    salt = secrets.token_hex(8)
    file.touch(mode=0o600)
    with sqlite3.connect(file) as connection:
        connection.executescript((HERE / "shop/releases/1.0/schema.sql").read_text())
        connection.execute(
            "INSERT INTO clerks VALUES (?, ?, ?)", ("camellia", salt, digest(password, salt))
        )


def free_port() -> int:
    """A port that nobody has."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def wait_for(url: str) -> None:
    """Wait until an address answers."""
    until = time.monotonic() + READY_S
    while not answers(url):
        if time.monotonic() > until:
            sys.exit(f"{url} did not answer within {READY_S:g} s")
        time.sleep(0.05)


def answers(url: str) -> bool:
    """Whether an address answers."""
    try:
        with urllib.request.urlopen(url, timeout=2):
            return True
    except OSError:
        return False


if __name__ == "__main__":
    main()
