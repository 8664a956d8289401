"""``gate verify FILE``: is a verdict still good: files, signatures, target, time, and a new look.

FILE is any file of a run's folder, or the folder. Exit status 0 where nothing stands against it, 1
where something does, 10 where something could not be told, 4 for a mistake in an option.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import pathlib
from collections.abc import Callable, Iterator

from gate.contract.model import Contract
from gate.duration import moment_of
from gate.errors import GateError, ObservationError
from gate.evidence import again
from gate.evidence.checks import (
    Against,
    Evidence,
    looked_at,
    of_files,
    of_release,
    of_verdict,
    read,
    unlisted,
)
from gate.evidence.release import named
from gate.kinds.load import load_contract
from gate.run.settings import Settings, find_settings
from gate.secrets import known
from gate.secrets.credentials import of_run
from gate.sources.observation_file import read_observed
from gate.target import Target, load_target

HELP = "is a verdict still good: checks digests and signatures, and looks again"
REFUSED, UNTOLD = 1, 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare its options."""
    parser.add_argument("file", metavar="FILE", help="of a run's folder, or the folder")
    for name, metavar, text in (
        ("target", "NAME-or-PATH", "what the verdict has to be about (default: the project's own)"),
        ("contract", "DIR", "by which contract (default: the project's own)"),
        ("key", "PUBLIC", "demand a signature by one of these public keys, or this certificate's"),
        ("release", "COMMIT", "what is to be released: a commit or tag, a hash, or tree:HASH"),
    ):
        parser.add_argument(f"--{name}", f"--gate-{name}", metavar=metavar, default="", help=text)
    parser.add_argument("--no-look", action="store_true", help="check the files alone: never 0")


def run(options: argparse.Namespace, tell: Callable[[str], object]) -> int:
    """Check everything, and tell all that stands against it.

    Raises:
        GateError: A mistake in an option, the target or the contract.
    """
    settings = find_settings(pathlib.Path.cwd())
    name = options.target or settings.target
    if not name:
        raise GateError("no target is named: say --target=NAME-or-PATH")
    target = load_target(name, settings.targets)
    known.begin(of_run(target, os.environ))
    found = read(pathlib.Path(options.file))
    if isinstance(found, Against):
        return _end([found], tell)
    for one in unlisted(found):
        tell(known.tell(f"note: {one} came later: nothing attests to it"))
    against = [*_checked(found, options, settings, target)]
    if not against and options.no_look:
        against = [Against("nothing was looked at (--no-look)", untold=True)]
    elif not against:
        against = _looked(found, options, settings, target)
    if not against:
        document = found.document
        tell(
            known.tell(
                f"good: {document['verdict']} of {document['moment']} on {document['target']}, "
                f"{_whose(found, options.key)}, until {moment_of(found.valid_until)}"
            )
        )
    return _end(against, tell)


def _whose(found: Evidence, key: str) -> str:
    if not found.signed:
        return "not signed"
    return f"signed by {key}" if key else "signed by a key that nobody named (--key)"


def _checked(
    found: Evidence, options: argparse.Namespace, settings: Settings, target: Target
) -> Iterator[Against]:
    """What the files tell."""
    yield from of_files(found, pathlib.Path(options.key) if options.key else None)
    yield from of_verdict(found, dt.datetime.now(dt.timezone.utc))
    if found.document["target"] != target.name:
        yield Against(f"it is about another target: {found.document['target']}, not {target.name}")
        return
    contract = _contract(options, settings, target)
    was, now = found.document["contract"]["sha256"], contract.sha256
    if was != now:
        yield Against(f"it is by another contract: {was[:12]}, and this is {now[:12]}")
    hours = dt.timedelta(hours=contract.evidence_hours)
    if was == now and found.valid_until != found.finished + hours:
        yield Against("it says of itself that it is good for longer than the contract allows")
    if options.release:
        release = named(options.release, settings.root)
        yield from of_release(found, release.commit, release.tree)


def _looked(
    found: Evidence, options: argparse.Namespace, settings: Settings, target: Target
) -> list[Against]:
    """What a new look tells."""
    file = looked_at(found)
    if file is None:
        return [Against("it rests on no look: there is no observed.json", untold=True)]
    try:
        kept = read_observed(file)
        now = again.placed(target)
        contract = _contract(options, settings, now)
        different = [*again.other(kept, now, contract)]
        return different or again.moved(kept, now, contract, found.folder)
    except (GateError, ObservationError) as error:
        return [Against(str(error), untold=True)]


def _contract(options: argparse.Namespace, settings: Settings, target: Target) -> Contract:
    """The contract, with nothing in it that writes or is carried out."""
    return load_contract(
        pathlib.Path(options.contract) if options.contract else settings.contract,
        target.differs,
        carries_out=False,
        writes=False,
        logins=target.api.logins,
    )


def _end(against: list[Against], tell: Callable[[str], object]) -> int:
    for one in against:
        tell(known.tell(f"{'cannot tell' if one.untold else 'refused'}: {one.text}"))
    if not against:
        return 0
    return UNTOLD if all(one.untold for one in against) else REFUSED
