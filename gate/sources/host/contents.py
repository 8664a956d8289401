"""Files of a host and what stands in them: judged here at once, so that no content is kept."""

from __future__ import annotations

import datetime as dt
import json
import re
import shlex
from collections.abc import Mapping, Sequence

import pydantic

from gate.errors import ObservationError
from gate.pattern import search
from gate.secrets import known
from gate.sources.fact import Absent, CannotTell, Cause, Fact, Model, Seen
from gate.sources.host.parts import NOT_THERE, cannot_tell, parts, read_parts
from gate.sources.host.paths import COMPLAINT, MODE, TYPES, unquoted
from gate.sources.host.probe import Probe
from gate.sources.host.section import Section

LARGEST_KIB = 512
"""Of a file whose content is read."""
FIELDS = "%n\\0%F\\0%U\\0%G\\0%a\\0%s\\0%Y\\0\\n"
NEWEST = re.compile(r"([0-9.]+) (\d+) ([0-7]+) (\S+) (\S+) (.+)")

Subject = tuple[str, str, int, str]
"""Place, pattern of names in that folder, whether a digest is wanted, what is sought as JSON."""


class Sought(Model):
    """What is sought in a file.

    Attributes:
        lines: Whole lines, whatever blanks are in and around them.
        texts: Texts, anywhere.
        patterns: Regular expressions; ``^`` and ``$`` are those of a line.
        names: Names with a value behind them, as in ``NAME=value`` or ``name: value``.
    """

    lines: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


class FileFacts(Model):
    """A file as it is; the content is not in it.

    Attributes:
        path: Where.
        type: Of the path itself, in the words of ``stat``.
        link: What it says where it leads to, if it is a symbolic link.
        owner, group, mode, size, changed: Of what it leads to; size in bytes, time in UTC.
        sha256: Digest of the content, where it was asked for.
        found: What was sought, and whether it stands in it, by how it was sought.
    """

    path: str
    type: str
    link: str = ""
    owner: str
    group: str
    mode: str
    size: int
    changed: pydantic.AwareDatetime
    sha256: Fact[str] | None = None
    found: Fact[dict[str, dict[str, bool]]] | None = None


def script(subjects: Sequence[Subject]) -> str:
    """One ``stat`` for all, one ``sha256sum``, one ``grep``; one ``find`` for each newest file."""
    places = list(dict.fromkeys(place for place, newest, *_ in subjects if not newest))
    digests = dict.fromkeys(place for place, newest, digest, _ in subjects if digest and not newest)
    contents = dict.fromkeys(place for place, newest, _, what in subjects if what and not newest)
    small = f"-L {shlex.join(contents)} -maxdepth 0 -type f -size -{LARGEST_KIB + 1}k -print0"
    commands = {
        "own": f"limited stat --printf '{FIELDS}' -- {shlex.join(['/', *places])}",
        "led": f"limited stat -L --printf '{FIELDS}' -- {shlex.join(['/', *places])}",
        "links": f"limited find {shlex.join(['/', *places])} -maxdepth 0 -printf '%p\\0%l\\0\\n'",
    }
    commands |= {"sha": f"limited sha256sum -z -- {shlex.join(digests)}"} if digests else {}
    commands |= {"content": f"content {small}"} if contents else {}
    for number, (place, newest, *_) in enumerate(subjects):
        if newest:
            commands[f"newest.{number}"] = f"newest {shlex.join([place, newest])}"
    return parts(commands, functions=FUNCTIONS)


FUNCTIONS = r"""
content() { limited find "$@" | limited xargs -0 grep -HZa '' /dev/null; }
newest() {
  { limited find "$1" -maxdepth 0 -printf '0 folder\n'
    limited find "$1/" -maxdepth 1 -type f -name "$2" -printf '%T@ %s %m %u %g %p\n'
  } | sort -rn | head -n 2
}
"""


def read(
    section: Section, subjects: Sequence[Subject]
) -> Mapping[Subject, FileFacts | Absent | CannotTell]:
    """What is said of each file."""
    told = read_parts(section)
    own, led = _stats(told["own"]), _stats(told["led"])
    links = dict(one for one in _records(told["links"]) if len(one) == 2)  # noqa: PLR2004
    digests = _digests(told["sha"])
    contents = _contents(told["content"])
    found: dict[Subject, FileFacts | Absent | CannotTell] = {}
    for number, one in enumerate(subjects):
        place, newest, digest, sought = one
        if newest:
            found[one] = _newest(place, newest, told[f"newest.{number}"])
            continue
        base = _file(place, own, led, told)
        if isinstance(base, FileFacts):
            more: dict[str, object] = {"link": links.get(place, "")}
            if digest:
                more["sha256"] = digests.get(place) or _why_not(place, told["sha"])
            if sought:
                more["found"] = _sought(place, base.size, contents, sought, told["content"])
            base = base.model_copy(update=more)
        found[one] = base
    return found


def _stats(section: Section) -> dict[str, list[str]]:
    return {name: fields for name, *fields in _records(section) if len(fields) == 6}  # noqa: PLR2004


def _records(section: Section) -> list[list[str]]:
    return [one.split("\0") for one in section.text.split("\0\n") if one]


def _file(
    place: str,
    own: Mapping[str, list[str]],
    led: Mapping[str, list[str]],
    told: Mapping[str, Section],
) -> FileFacts | Absent | CannotTell:
    if place not in own:
        return _why_not(place, told["own"], believed=own.get("/", [""])[0] == "directory")
    type_, fields = own[place][0], led.get(place) or own[place]
    mode, size, changed = fields[3:]
    numbers = size.isdecimal() and changed.isdecimal()
    if type_ not in TYPES or not MODE.fullmatch(mode) or not numbers:
        said = known.first(", ".join(fields), 100)
        return CannotTell(f"stat {place}: no answer of it is like {said!r}", Cause.UPSTREAM)
    return FileFacts(
        path=place,
        type=type_.replace("regular empty file", "regular file"),
        owner=fields[1],
        group=fields[2],
        mode=mode.zfill(4),
        size=int(size),
        changed=dt.datetime.fromtimestamp(int(changed), dt.timezone.utc),
    )


def _why_not(place: str, section: Section, *, believed: bool = False) -> Absent | CannotTell:
    """Why a tool told nothing of a place; absent only where it says so, and finds ``/``."""
    said = {unquoted(name): why for name, why in COMPLAINT.findall(section.err)}
    complaint = said.get(place, "")
    if complaint in NOT_THERE and believed:
        return Absent(f"stat: {place}: {complaint}")
    lines = [one for one in section.err.splitlines() if f"{place}: " in one or f"{place}'" in one]
    why = complaint or (lines[0] if lines else "")
    if why:
        denied = "Permission denied" in why
        cause = Cause.PERMISSION if denied else Cause.UPSTREAM
        return CannotTell(f"{place}: {known.first(why, 200)}", cause)
    return cannot_tell(section, place)


def _digests(section: Section) -> dict[str, Fact[str]]:
    found: dict[str, Fact[str]] = {}
    for line in section.text.split("\0"):
        if match := re.fullmatch(r"([0-9a-f]{64}) [ *](/.*)", line, re.DOTALL):
            found[match[2]] = Seen(match[1])
    return found


def _contents(section: Section) -> dict[str, list[bytes]]:
    """Lines by file, as bytes."""
    found: dict[str, list[bytes]] = {}
    for line in section.out.split(b"\n"):
        name, nul, text = line.partition(b"\0")
        if nul:
            found.setdefault(name.decode("utf-8", "backslashreplace"), []).append(text)
    return found


def _sought(
    place: str, size: int, contents: Mapping[str, list[bytes]], sought: str, section: Section
) -> Fact[dict[str, dict[str, bool]]]:
    lines = contents.get(place, [])
    read_size = sum(len(one) + 1 for one in lines)
    if size and not lines:
        if size >= LARGEST_KIB << 10:
            return CannotTell(f"{place}: larger than {LARGEST_KIB} KiB", Cause.UPSTREAM)
        why = _why_not(place, section)
        return why if isinstance(why, CannotTell) else CannotTell(why.proof, Cause.UPSTREAM)
    if size and read_size not in (size, size + 1):
        return CannotTell(
            f"{place}: it is {size} bytes, of which {read_size} were read", Cause.UPSTREAM
        )
    text = "\n".join(one.decode("utf-8", "backslashreplace") for one in lines)
    try:
        return Seen(stands(Sought.model_validate_json(sought), text))
    except ObservationError as error:
        return CannotTell(f"{place}: {error}", Cause.TIMEOUT)


def stands(sought: Sought, text: str) -> dict[str, dict[str, bool]]:
    """Whether each thing that is sought stands in a text.

    Raises:
        ObservationError: A pattern did not come to an end.
    """
    lines = {" ".join(one.split()) for one in text.split("\n")}
    return {
        "line": {one: " ".join(one.split()) in lines for one in sought.lines},
        "text": {one: one in text for one in sought.texts},
        "pattern": {one: search(f"(?m){one}", text) is not None for one in sought.patterns},
        "name": {one: search(_named(one), text) is not None for one in sought.names},
    }


def _named(name: str) -> str:
    """A line that gives a name a value: of a shell, an env file, INI, YAML or properties."""
    begin = r"(?m)^[ \t]*(?:export[ \t]+|-[ \t]+)?[\"']?"
    return begin + re.escape(name) + r"[\"']?[ \t]*[=:][ \t]*[^ \t\r\n]"


def _newest(place: str, pattern: str, section: Section) -> FileFacts | Absent | CannotTell:
    first, _, rest = section.text.partition("\n")
    if section.err:
        if "No such file or directory" in section.err and section.text == "":
            return Absent(f"there is no folder {place}")
        return cannot_tell(section, f"{place}/{pattern}")
    if first == "0 folder":
        return Absent(f"no file like {pattern} in {place}")
    match = NEWEST.fullmatch(first)
    if match is None or rest.strip() == "":
        return cannot_tell(section, f"{place}/{pattern}")
    time, size, mode, owner, group, path = match.groups()
    return FileFacts(
        path=path.replace("//", "/"),
        type="regular file",
        owner=owner,
        group=group,
        mode=mode.zfill(4),
        size=int(size),
        changed=dt.datetime.fromtimestamp(float(time), dt.timezone.utc),
    )


def asked_for(sought: Sought) -> str:
    """What is sought as a part of a subject; empty where nothing is."""
    found = sought.model_dump(mode="json", exclude_defaults=True)
    return json.dumps(found, sort_keys=True, ensure_ascii=False) if found else ""


FILES = Probe[Subject, FileFacts](
    name="gate.files", model=FileFacts, script=script, read=read, most_kib=8192
)
