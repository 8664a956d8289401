"""The summary at the end of a run, for a person at two in the morning."""

from __future__ import annotations

import pathlib
import textwrap
from collections.abc import Iterable

from gate.account.verdict import Line, Outcome, Verdict, Word
from gate.contract.item import Moment
from gate.contract.model import Contract
from gate.report.account import ORDER, chapters
from gate.report.conclusion import UNUSED, advice, conclusion, weight
from gate.report.reasons import Group, compact, grouped, outcome_lines, unknown_lines, where
from gate.report.replay import Replay
from gate.report.text import counted, short
from gate.report.text import line as one_line
from gate.target import Target

NARROWEST, WIDEST = 60, 120
DETAILED = 25
"""So many broken items are told one by one; of the rest only the ids."""
ID_LINES = 3
"""Of a long list of ids, so many lines are shown; the files hold them all."""

COLOUR = {
    Outcome.PASS: "32",
    Outcome.WARN: "33",
    Outcome.WAIVED: "36",
    Outcome.FAIL: "31;1",
    Outcome.INCONCLUSIVE: "35;1",
}
WORD_COLOUR = {
    Word.PROMOTE: "32;1",
    Word.BLOCKED: "31;1",
    Word.INCONCLUSIVE: "35;1",
    Word.PARTIAL: "35;1",
    Word.INTERRUPTED: "35;1",
    Word.REPLAYED: "35;1",
}


def summary(
    contract: Contract,
    target: Target,
    moment: Moment,
    verdict: Verdict,
    reports_dir: str,
    *,
    replay: Replay | None = None,
    colour: bool,
    width: int,
) -> list[str]:
    """The lines of the summary, the verdict last.

    Args:
        contract: What was promised; named by its digest.
        target: Where.
        moment: When.
        verdict: How it ended.
        reports_dir: Where the files are, as the reader can type it.
        replay: What was judged again, where nothing was looked at.
        colour: Whether to use ANSI colours.
        width: Columns of the terminal; used from 60 to 120.
    """
    columns = max(NARROWEST, min(WIDEST, width))
    place = "embedded sandbox" if target.embedded else target.host
    lines = [
        short(
            f"{moment} on {target.name} ({place}): contract {contract.sha256[:12]}, "
            f"{len(verdict.lines)} items",
            columns,
        ),
        *(_wrapped("", replay.sentence(), columns) if replay else []),
        "",
        *_chapters(verdict, colour=colour),
    ]
    for one in outcome_lines(verdict, Outcome.FAIL)[:DETAILED]:
        lines += ["", *_item(one, columns, colour=colour)]
    lines += _more(outcome_lines(verdict, Outcome.FAIL)[DETAILED:], columns)
    for group in grouped(unknown_lines(verdict)):
        lines += ["", *_group(group, columns, colour=colour)]
    for outcome in (Outcome.WARN, Outcome.WAIVED):
        for one in outcome_lines(verdict, outcome):
            lines += ["", *_item(one, columns, colour=colour)]
    for text in verdict.warnings:
        lines += ["", *_warning(text, columns, colour=colour)]
    lines += _not_run(verdict, columns)
    lines += _not_tried(contract, moment, columns)
    lines += [
        f"differs: {one}" for one in _differences(target, contract, columns - len("differs: "))
    ]
    lines += ["", f"reports: {reports_dir}", f"advice:  {advice(verdict)}"]
    return [*lines, _painted(conclusion(verdict), WORD_COLOUR[verdict.word], on=colour)]


def _chapters(verdict: Verdict, *, colour: bool) -> list[str]:
    """One line per chapter: how many of its items passed, and what became of the others."""
    lines = []
    for chapter, members in chapters(verdict).items():
        passed = sum(one.outcome is Outcome.PASS for one in members)
        rest = [
            _painted(f"{count} {outcome.value}", COLOUR[outcome], on=colour)
            for outcome in ORDER[:-1]
            if (count := sum(one.outcome is outcome for one in members))
        ]
        score = _painted(
            f"{f'{passed}/{len(members)}':>9}", COLOUR[Outcome.PASS], on=colour and not rest
        )
        lines.append(f"  {chapter:<11}{score}{'  ' + ', '.join(rest) if rest else ''}")
    return lines


def _item(line: Line, columns: int, *, colour: bool) -> list[str]:
    head = _painted(line.outcome.value, COLOUR[line.outcome], on=colour)
    title = short(line.title, max(20, columns - len(line.outcome.value) - len(line.id) - 3))
    lines = [f"{head} {line.id}: {title}"]
    for name in ("promised", "seen", "reason"):
        text = one_line(getattr(line, name))
        if text and not (name == "reason" and text == one_line(line.seen)):
            lines += _wrapped(f"  {name:<9} ", text, columns)
    return lines + _look([line])


def _look(lines: Iterable[Line]) -> list[str]:
    """The first command to look oneself, in one piece: it is there to be copied."""
    looks = [one_line(one.look) for one in lines if one.look]
    return [f"  {'look':<9} {looks[0]}"] if looks else []


def _group(group: Group, columns: int, *, colour: bool) -> list[str]:
    """A reason that several items share, told once."""
    if len(group.lines) == 1:
        return _item(group.lines[0], columns, colour=colour)
    head = Outcome.INCONCLUSIVE.value
    text = f"{where(group)}: {len(group.lines)} items cannot be told: {group.reason}"
    first, *rest = _wrapped(f"{head} ", text, columns, indent=2)
    painted = _painted(head, COLOUR[Outcome.INCONCLUSIVE], on=colour) + first[len(head) :]
    return [painted, *rest, *_ids([one.id for one in group.lines], columns), *_look(group.lines)]


def _warning(text: str, columns: int, *, colour: bool) -> list[str]:
    """What is odd about all the promises together."""
    outcome = weight(text)
    head = outcome.value
    first, *rest = _wrapped(f"{head} ", text, columns, indent=2)
    return [_painted(head, COLOUR[outcome], on=colour) + first[len(head) :], *rest]


def _more(lines: list[Line], columns: int) -> list[str]:
    if not lines:
        return []
    return ["", f"{len(lines)} more FAIL:", *_ids([one.id for one in lines], columns)]


def _not_run(verdict: Verdict, columns: int) -> list[str]:
    if not verdict.not_run:
        return []
    return [
        "",
        f"not run: {counted(len(verdict.not_run), 'item')}",
        *_ids(verdict.not_run, columns),
    ]


def _not_tried(contract: Contract, moment: Moment, columns: int) -> list[str]:
    ids = [one.id for one in contract.not_tried(moment)]
    if not ids:
        return []
    head = f"not tried: {counted(len(ids), 'item')}: it writes, and needs --apply"
    return ["", head, *_ids(ids, columns)]


def _ids(ids: Iterable[str], columns: int) -> list[str]:
    names = list(ids)
    lines = _wrapped("  ", compact(names), columns)
    if len(lines) <= ID_LINES:
        return lines
    return [*lines[:ID_LINES], f"  ... {len(names)} in all; report.html names each of them"]


def _differences(target: Target, contract: Contract, columns: int) -> list[str]:
    unused = contract.unused_differs
    return [
        short(f"{one.item}: {UNUSED if one.item in unused else one.reason}", columns)
        for one in target.differs
    ]


def _wrapped(head: str, text: str, columns: int, indent: int | None = None) -> list[str]:
    """Fold a text behind a head; what has no blank to fold at is left whole, to be copied."""
    return textwrap.wrap(
        text,
        columns,
        initial_indent=head,
        subsequent_indent=" " * (len(head) if indent is None else indent),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _painted(text: str, code: str, *, on: bool) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if on else text


def shown(folder: pathlib.Path) -> str:
    """A folder as a person would type it from here."""
    try:
        return str(folder.resolve().relative_to(pathlib.Path.cwd()))
    except ValueError:
        return str(folder)
