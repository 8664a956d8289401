"""Files: what they are, and what stands in them."""

from __future__ import annotations

import datetime as dt
import shlex
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

import pydantic

from gate.contract.item import AbsolutePath, Item, Name
from gate.duration import uptime
from gate.kinds.host_kind import HostKind, listed, other
from gate.kinds.scene import Scene, unknown
from gate.pattern import is_pattern
from gate.rule import Filled, Has, Not, Rule, Some
from gate.sources.fact import CannotTell, Cause, Seen
from gate.sources.host.contents import FILES, FileFacts, Sought, Subject, asked_for
from gate.target import Target

AHEAD = dt.timedelta(minutes=1)
"""A time of the future, further away than this, proves no age."""
Texts = tuple[Name, ...]


class File(Item):
    """A file: what it is, and what must or must not stand in it; its content is kept nowhere.

    A secret is promised by ``names``: a line of this name is there, with a value. A file of up to
    512 KiB is read.

    Attributes:
        path: Where it is on the host; a target puts its ``prefix`` before it.
        newest: Pattern of names, such as ``*.dump``: of the folder ``path`` the newest such file.
        type: Of the path itself; links are not followed for it.
        link: What a symbolic link says where it leads to, as ``readlink`` prints it.
        owner: Its owner, by the contract's name for him; of what a link leads to, as all below.
        group: Its group.
        mode: Four octal digits, such as ``0640``, which say nothing of access lists (ACL).
        sha256: Digest of its content.
        at_least_bytes: How large it must be at least.
        at_most_bytes: How large it may be.
        younger_than_s: How long ago it may have been written, in seconds, by the host's clock.
        lines: Whole lines that must be in it, whatever blanks are in and around them.
        lines_not: Lines that must not be in it.
        contains: Texts that must stand in it, anywhere.
        contains_not: Texts that must not stand in it.
        matches: Regular expressions that something in it is like; ``^`` and ``$`` are a line's.
        matches_not: Regular expressions that nothing in it is like.
        names: Names that must have a value in it, as in ``NAME=value`` and ``name: value``.
    """

    path: AbsolutePath
    newest: Annotated[str, pydantic.Field(pattern=r"^[^/]+$")] | None = None
    type: Literal["regular file", "symbolic link", "directory", "socket", "fifo"] | None = None
    link: Name | None = None
    owner: str | None = None
    group: str | None = None
    mode: Annotated[str, pydantic.Field(pattern=r"^[0-7]{4}$")] | None = None
    sha256: Annotated[str, pydantic.Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    at_least_bytes: Annotated[int, pydantic.Field(ge=1)] | None = None
    at_most_bytes: Annotated[int, pydantic.Field(ge=0)] | None = None
    younger_than_s: Annotated[float, pydantic.Field(gt=0)] | None = None
    lines: Texts = ()
    lines_not: Texts = ()
    contains: Texts = ()
    contains_not: Texts = ()
    matches: Texts = ()
    matches_not: Texts = ()
    names: Texts = ()

    RULES = (
        Rule(
            Some(
                Not(Has("newest")),
                Not(
                    Some(
                        *(Has(one) for one in ("type", "link", "sha256")),
                        *map(Filled, ("lines", "lines_not", "contains", "contains_not")),
                        *map(Filled, ("matches", "matches_not", "names")),
                    )
                ),
            ),
            "newest judges age, size, owner, group and mode: no type, link, digest or content",
        ),
    )

    @pydantic.field_validator("matches", "matches_not")
    @classmethod
    def _are_patterns(cls, given: Texts) -> Texts:
        for one in given:
            is_pattern(one)
        return given

    @property
    def sought(self) -> Sought:
        """What its content is asked for."""
        return Sought(
            lines=(*self.lines, *self.lines_not),
            texts=(*self.contains, *self.contains_not),
            patterns=(*self.matches, *self.matches_not),
            names=self.names,
        )


def _subject(item: File, target: Target) -> Subject:
    newest, digest = item.newest or "", int(item.sha256 is not None)
    return (target.placed(item.path), newest, digest, asked_for(item.sought))


def _differs(item: File, found: FileFacts, scene: Scene) -> Iterator[str | CannotTell]:
    yield from other("type", item.type, found.type)
    yield from other("link", item.link, found.link)
    yield from other("owner", scene.target.user(item.owner), found.owner)
    yield from other("group", item.group, found.group)
    yield from other("mode", item.mode, found.mode)
    if item.at_least_bytes is not None and found.size < item.at_least_bytes:
        yield f"it is only {found.size:,} bytes"
    if item.at_most_bytes is not None and found.size > item.at_most_bytes:
        yield f"it is {found.size:,} bytes"
    yield from _age(item, found, scene)
    yield from _content(item, found)


def _age(item: File, found: FileFacts, scene: Scene) -> Iterator[str | CannotTell]:
    if item.younger_than_s is None:
        return
    age = scene.host.identity.clock - found.changed
    if age < -AHEAD:
        yield CannotTell(f"{found.path} is of the future: {found.changed}", Cause.UPSTREAM)
    elif age.total_seconds() > item.younger_than_s:
        yield f"it was written {uptime(found.changed, scene.host.identity.clock)} ago"


def _content(item: File, found: FileFacts) -> Iterator[str | CannotTell]:
    if item.sha256 is not None:
        digest = found.sha256 or CannotTell("no digest was asked for", Cause.UPSTREAM)
        if isinstance(digest, Seen):
            yield from other("sha256", item.sha256, digest.value)
        else:
            yield unknown(digest)
    if not asked_for(item.sought):
        return
    told = found.found or CannotTell("its content was not asked for", Cause.UPSTREAM)
    if not isinstance(told, Seen):
        yield unknown(told)
        return
    has = told.value
    yield from (f"no line {one!r}" for one in item.lines if not has["line"][one])
    yield from (f"a line {one!r}" for one in item.lines_not if has["line"][one])
    yield from (f"nothing like {one!r}" for one in item.matches if not has["pattern"][one])
    yield from (f"something like {one!r}" for one in item.matches_not if has["pattern"][one])
    yield from (f"{one!r} is not in it" for one in item.contains if not has["text"][one])
    yield from (f"{one!r} is in it" for one in item.contains_not if has["text"][one])
    yield from (f"nothing gives {one} a value" for one in item.names if not has["name"][one])


def _promised(item: File) -> str:
    keys = item.model_dump(exclude_defaults=True, exclude={*Item.model_fields, "path"})
    return listed(**{name: value for name, value in keys.items() if name != "absent"})


def _text(found: FileFacts) -> str:
    at = f"{found.changed:%Y-%m-%d %H:%M:%S} UTC"
    return f"{found.path}: {_state(found)}, {found.size:,} bytes, written {at}"


def _state(found: FileFacts) -> str:
    said = [found.type, f"{found.owner}:{found.group}", found.mode]
    said += [f"leads to {found.link}"] if found.link else []
    if isinstance(found.sha256, Seen):
        said.append(f"sha256 {found.sha256.value}")
    if isinstance(found.found, Seen):
        for how, ones in found.found.value.items():
            said += [
                f"{how} {one!r}: {'there' if yes else 'not there'}" for one, yes in ones.items()
            ]
    return ", ".join(said)


def _look(item: File, target: Target) -> str:
    place = target.placed(item.path)
    if item.newest:
        return f"ls -lt {shlex.quote(place)}/{item.newest} | head -n 3"
    return f"stat {shlex.quote(place)}"


def _keys(item: File, found: FileFacts) -> Mapping[str, Any]:
    given = item.model_dump(mode="json", exclude_defaults=True)
    keys = {key: given[key] for key in given if key not in ("title", "source", "risk", "absent")}
    keys |= {"owner": found.owner, "group": found.group, "mode": found.mode}
    if isinstance(found.sha256, Seen):
        keys["sha256"] = found.sha256.value
    return keys if item.newest else {**keys, "type": found.type}


KIND = HostKind(
    name="file",
    chapter="files",
    rank=31,
    model=File,
    probe=FILES,
    subject=_subject,
    called=lambda item: f"{item.path}/{item.newest}" if item.newest else item.path,
    promised=_promised,
    differs=_differs,
    text=_text,
    state=_state,
    columns={
        "Type": lambda one: one.type,
        "Owner": lambda one: f"{one.owner}:{one.group}",
        "Mode": lambda one: one.mode,
    },
    look=_look,
    keys=_keys,
).kind
