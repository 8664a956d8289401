"""What is wrong with the evidence of a run, as far as its files tell: nothing is looked at."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import pathlib
from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema_rs

from gate.duration import moment_of
from gate.errors import GateError
from gate.evidence import envelope, seal
from gate.evidence.keys import trusted
from gate.evidence.statements import compact, payloads, promotes
from gate.report import attestation, observed_json
from gate.report.verdict_json import FILE as VERDICT
from gate.report.verdict_schema import verdict_schema
from gate.sources.binding import AHEAD


@dataclasses.dataclass(frozen=True)
class Against:
    """One thing that stands against some evidence.

    Attributes:
        text: What it is, as a sentence.
        untold: Whether something only could not be told, rather than being wrong.
    """

    text: str
    untold: bool = False


@dataclasses.dataclass(frozen=True, kw_only=True)
class Evidence:
    """The evidence of a run, read.

    Attributes:
        folder: The folder of the run.
        document: Its ``verdict.json``.
        digests: Digest of each of its files now.
        lines: The bundle, a statement or an envelope for each line.
    """

    folder: pathlib.Path
    document: Mapping[str, Any]
    digests: Mapping[str, str]
    lines: tuple[Mapping[str, Any], ...]

    @property
    def finished(self) -> dt.datetime:
        """When the run ended (UTC)."""
        return dt.datetime.fromisoformat(self.document["finished"])

    @property
    def valid_until(self) -> dt.datetime:
        """Until when it lets a deployment go on (UTC)."""
        return dt.datetime.fromisoformat(self.document["valid_until"])

    @property
    def signed(self) -> bool:
        """Whether every line is an envelope."""
        return all(envelope.is_signed(one) for one in self.lines)


def read(file: pathlib.Path) -> Evidence | Against:
    """Read the evidence that a file, or the folder of a run, belongs to.

    Raises:
        GateError: There is no such file.
    """
    if not file.exists():
        raise GateError(f"{file}: there is no such file: name one of a run's folder")
    folder = (file if file.is_dir() else file.parent).resolve()
    try:
        document = json.loads((folder / VERDICT).read_bytes())
        lines = (folder / seal.FILE).read_bytes().splitlines()
        bundle = tuple(json.loads(one) for one in lines)
        digests = seal.digests(folder)
    except FileNotFoundError as error:
        name = pathlib.Path(str(error.filename)).name
        return Against(f"there is no {name} beside it: this run has no whole evidence")
    except OSError as error:
        return Against(f"{error.filename}: cannot be read: {error.strerror}", untold=True)
    except (ValueError, RecursionError):
        return Against("its verdict or its statements were changed: they are no JSON")
    needed = {"valid_until", "advise", "release", "replay", "gate"}
    try:
        valid = jsonschema_rs.is_valid(verdict_schema(), document) and needed <= document.keys()
        times = [dt.datetime.fromisoformat(document[one]) for one in ("finished", "valid_until")]
        valid = valid and all(one.tzinfo is not None for one in times)
    except (ValueError, TypeError, KeyError, AttributeError):
        valid = False
    if not valid or not all(isinstance(one, dict) for one in bundle):
        return Against("its verdict.json is none of a finished run of this gate")
    return Evidence(folder=folder, document=document, digests=digests, lines=bundle)


def of_files(found: Evidence, key: pathlib.Path | None) -> Iterator[Against]:
    """What is wrong with files, statements and signatures.

    Args:
        found: The evidence.
        key: The public keys that are trusted; ``None`` where none is demanded.

    Raises:
        GateError: That file holds none.
    """
    keys = trusted(key, found.finished) if key else None
    listed = _listed(found)
    for name, digest in listed.items():
        if found.digests.get(name) != digest:
            what = "was changed" if name in found.digests else "is gone"
            yield Against(f"{name}: {what} since the run was attested to")
    known = {name: one for name, one in found.digests.items() if name in listed}
    try:
        test_result = (found.folder / attestation.FILE).read_bytes()
        expected = payloads(found.document, test_result, known)
        content = (found.folder / seal.FILE).read_bytes()
    except (OSError, ValueError, KeyError, TypeError) as error:
        yield Against(f"its statements cannot be made anew ({type(error).__name__})")
        return
    if len(found.lines) != len(expected):
        yield Against(f"it has {len(found.lines)} statements of {len(expected)}")
        return
    if content != b"".join(compact(one) + b"\n" for one in found.lines):
        yield Against(f"{seal.FILE}: was changed: it is not as the gate writes it")
    for number, (line, payload) in enumerate(zip(found.lines, expected, strict=True), start=1):
        if envelope.is_signed(line):
            why = envelope.wrong(line, payload, keys)
        elif key is not None:
            why = "is not signed, and a key is demanded"
        else:
            same = compact(line) == compact(json.loads(payload))
            why = "" if same else "says something else than the files of the run"
        if why:
            yield Against(f"statement {number} of {len(expected)} {why}")


def of_verdict(found: Evidence, now: dt.datetime) -> Iterator[Against]:
    """Why the verdict lets nothing go on, or does no longer."""
    document = found.document
    word, status = document["verdict"], document["exit_status"]
    if document["advise"]:
        yield Against("it is advice (--advise): it promotes nothing", untold=True)
    if not promotes(document) and not document["advise"]:
        yield Against(f"the verdict is {word} (exit {status})", untold=status == 10)  # noqa: PLR2004
    if found.finished > now + AHEAD:
        yield Against(f"it is of {moment_of(found.finished)}, which is yet to come")
    if now > found.valid_until:
        yield Against(f"it was good until {moment_of(found.valid_until)} ([about] evidence_hours)")


def of_release(found: Evidence, commit: str, tree: str) -> Iterator[Against]:
    """Whether it is about the release that somebody names."""
    release = found.document["release"]
    if release is None:
        yield Against("it does not say which release it is about", untold=True)
    elif release["changed"]:
        yield Against("files were changed since the commit that it is about")
    elif commit and release["commit"] != commit:
        was = release["commit"] or "none"
        yield Against(f"it is about another commit: {was}, and this is {commit}")
    elif not commit and release["tree"] != tree:
        yield Against(f"it is about another tree: {release['tree'] or 'none'}, and this is {tree}")


def unlisted(found: Evidence) -> list[str]:
    """Files of the folder that came after the run was attested to; nothing is said of them."""
    listed = _listed(found)
    return [name for name in found.digests if name not in listed]


def looked_at(found: Evidence) -> pathlib.Path | None:
    """The look that the verdict rests on; ``None`` where there was none."""
    name = observed_json.FILE
    return found.folder / name if name in _listed(found) else None


def _listed(found: Evidence) -> dict[str, str]:
    """Digest of each file as the account's statement has it; empty where there is none."""
    import base64  # noqa: PLC0415 - only here

    try:
        line = found.lines[1]
        text = base64.b64decode(line["payload"]) if envelope.is_signed(line) else b""
        statement = json.loads(text) if text else line
        files = statement["predicate"]["files"]
        return {str(one["name"]): str(one["digest"]["sha256"]) for one in files}
    except (IndexError, KeyError, TypeError, ValueError):
        return {}
