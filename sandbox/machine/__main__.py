"""The command line: ``python -m sandbox.machine COMMAND``."""

import argparse
import json
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from sandbox.machine import access, boot, cgroup, client, image, needs, record
from sandbox.machine.error import MachineError
from sandbox.machine.recipe import load


def main(argv: Sequence[str] | None = None) -> int:
    """Carry out one command.

    Returns:
        0 where it was done; 1 where not, with one message on standard error that says why.
    """
    options = _parser().parse_args(argv)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    act: Callable[[argparse.Namespace], int] = options.act
    try:
        return act(options)
    except MachineError as error:
        print(f"sandbox.machine: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("sandbox.machine: interrupted; what had been started is removed", file=sys.stderr)
        return 130


def _build(_options: argparse.Namespace) -> int:
    """Build the image and say where its layers are."""
    _recipe, layers = image.build()
    print("\n".join(map(str, layers)))
    return 0


def _up(options: argparse.Namespace) -> int:
    """Start machines, one after the other, and print the record of each."""
    for name in options.name or ["hera"]:
        machine = boot.up(name, sudo=options.sudo)
        print(json.dumps(record.facts(machine), indent=2))
        if options.target:
            options.target.write_text(client.target(machine))
    return 0


def _down(options: argparse.Namespace) -> int:
    """Stop and remove the machines that are named, stale ones, or all."""
    needs.check()
    names = set(options.name)
    if options.all:
        names |= {machine.name for machine in record.everyone()}
    if options.stale:
        names |= {machine.name for machine in record.everyone() if machine.status == "stale"}
        for stray in record.strays():
            cgroup.remove(stray)
            print(f"{stray}: processes and control group removed")
    if not names and not options.stale and not options.all:
        raise MachineError("say which machine to stop, or --stale, or --all")
    for machine in [record.read(name) for name in sorted(names)]:
        boot.down(machine)
        print(f"{machine.name}: removed")
    return 0


def _status(options: argparse.Namespace) -> int:
    """Print one machine's record; exit status 1 where it does not run."""
    machine = record.read(options.name)
    print(json.dumps({**record.facts(machine), "status": machine.status}, indent=2))
    return 0 if machine.status == "running" else 1


def _target(options: argparse.Namespace) -> int:
    """Print a machine's target file."""
    print(client.target(record.read(options.name)), end="")
    return 0


def _env(options: argparse.Namespace) -> int:
    """Print the environment that a machine's target needs, for ``eval`` in a shell."""
    print(client.exports(record.read(options.name)), end="")
    return 0


def _list(options: argparse.Namespace) -> int:
    """Print one line per machine: name, status, address, process id of its init."""
    for machine in record.everyone():
        if machine.status == "stale" or not options.stale:
            address = machine.link.address if machine.link else "-"
            print(f"{machine.name}\t{machine.status}\t{address}\t{machine.leader or '-'}")
    for stray in record.strays():
        print(f"{stray}\tstale\t-\t-")
    return 0


def _ssh(options: argparse.Namespace) -> int:
    """Become the SSH client that enters the machine."""
    line = access.ssh(record.read(options.name), *options.command)
    os.execvp(line[0], line)  # noqa: S606 - the terminal is the client's from here on


def _sudo(options: argparse.Namespace) -> int:
    """Switch what the user of a running machine may do."""
    access.switch_sudo(record.read(options.name), load(), options.mode)
    return 0


def _parser() -> argparse.ArgumentParser:
    """Return the command line's grammar."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.machine", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(act: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
        made = commands.add_parser(act.__name__.strip("_"), help=text, description=text)
        made.set_defaults(act=act)
        return made

    command(_build, "build the image where something that goes into it changed")
    up = command(_up, "start machines (building the image first) and print their records")
    up.add_argument("name", nargs="*", help="what to call them (hera)")
    up.add_argument("--target", metavar="FILE", type=Path, help="write the target file there too")
    up.add_argument("--sudo", choices=access.SUDO, default="passwordless")
    down = command(_down, "power machines off and remove everything of them")
    down.add_argument("name", nargs="*")
    down.add_argument("--all", action="store_true", help="every machine of this cache")
    down.add_argument("--stale", action="store_true", help="what is left of killed ones")
    command(_status, "print a machine's record").add_argument("name")
    command(_target, "print a machine's target file").add_argument("name")
    command(_env, "print what its target needs, for eval in a shell").add_argument("name")
    listing = command(_list, "list machines: name, status, address, process id of init")
    listing.add_argument("--stale", action="store_true", help="only what is left of killed ones")
    entering = command(_ssh, "enter a machine over SSH")
    entering.add_argument("name")
    entering.add_argument("command", nargs=argparse.REMAINDER)
    switching = command(_sudo, "switch what the user of a running machine may do")
    switching.add_argument("name")
    switching.add_argument("mode", choices=access.SUDO)
    return parser


if __name__ == "__main__":
    sys.exit(main())
