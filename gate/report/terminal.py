"""The summary at the end of a run, for a person at two in the morning."""

from __future__ import annotations

import itertools
import pathlib
from collections.abc import Iterator, Mapping

from gate.account.verdict import Line, Outcome, Word
from gate.report.account import ORDER, Account, chapters
from gate.report.causes import Block, blocks
from gate.report.conclusion import UNUSED, advice, conclusion, weight
from gate.report.reasons import outcome_lines, where_of
from gate.report.terminal_lines import COLOUR, Page, cut
from gate.report.text import counted

NARROWEST, WIDEST = 60, 200
WHOLE = 10
"""So many items of an outcome are told whole, causes before what follows from them; of the rest
only the ids."""

WORD_COLOUR = {
    Word.PROMOTE: "32;1",
    Word.BLOCKED: "31;1",
    Word.INCONCLUSIVE: "35;1",
    Word.PARTIAL: "35;1",
    Word.INTERRUPTED: "35;1",
    Word.REPLAYED: "35;1",
}


def summary(account: Account, reports_dir: str, *, colour: bool, width: int) -> list[str]:
    """The lines of the summary, the verdict last.

    Args:
        account: What is told.
        reports_dir: Where the files are, as the reader can type it.
        colour: Whether to use ANSI colours.
        width: Columns of the terminal; used from 60 to 200.
    """
    page = Page(account=account, columns=max(NARROWEST, min(WIDEST, width)), colour=colour)
    return [*_lines(page, reports_dir)]


def one_line(account: Account, reports_dir: str) -> str:
    """The whole moment in a line: verdict, causes by name, where the files are."""
    verdict = account.verdict
    names = [one.cause[0].id for one in blocks(account) if one.outcome is not Outcome.WAIVED]
    names = names or list(verdict.not_run)
    more = f" and {len(names) - WHOLE} more" if len(names) > WHOLE else ""
    named = f": {', '.join(names[:WHOLE])}{more}" if names else ""
    against = [one for one in verdict.warnings if weight(one) is Outcome.FAIL]
    besides = "".join(f"; {cut(one, 200)}" for one in against)
    told = conclusion(verdict).removeprefix("verdict: ")
    return f"{account.moment} on {account.target.name}: {told}{named}{besides}; {reports_dir}"


def has_colours(environ: Mapping[str, str], *, is_terminal: bool) -> bool:
    """Whether colours may be used, as pytest decides it too."""
    if environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR"):
        return True
    return is_terminal and environ.get("TERM", "dumb") != "dumb"


def _lines(page: Page, reports_dir: str) -> Iterator[str]:
    account, verdict = page.account, page.account.verdict
    place = "embedded sandbox" if account.target.embedded else account.target.host
    yield cut(
        f"{account.moment} on {account.target.name} ({place}): contract "
        f"{account.contract.sha256[:12]}, {len(verdict.lines)} items",
        page.columns,
    )
    if account.replay:
        yield from page.folded("", account.replay.sentence())
    yield ""
    yield from _chapters(page)
    for paragraph in _paragraphs(page):
        yield ""
        yield from paragraph
    width = page.columns - len("differs: ")
    yield from (f"differs: {one}" for one in _differences(account, width))
    yield from ["", f"reports: {reports_dir}", f"advice:  {advice(verdict)}"]
    yield page.painted(conclusion(verdict), WORD_COLOUR[verdict.word])


def _chapters(page: Page) -> Iterator[str]:
    """One line per chapter: how many of its items passed, and what became of the others."""
    for chapter, members in chapters(page.account.verdict).items():
        passed = sum(one.outcome is Outcome.PASS for one in members)
        rest = [
            page.painted(f"{count} {outcome.value}", COLOUR[outcome])
            for outcome in ORDER[:-1]
            if (count := sum(one.outcome is outcome for one in members))
        ]
        score = f"{f'{passed}/{len(members)}':>9}"
        score = score if rest else page.painted(score, COLOUR[Outcome.PASS])
        yield f"  {chapter:<11}{score}{'  ' + ', '.join(rest) if rest else ''}"


def _paragraphs(page: Page) -> Iterator[list[str]]:
    """What stands against the run, what is odd, and what was left out, the worst first."""
    verdict, contract = page.account.verdict, page.account.contract
    said = sorted(verdict.warnings, key=lambda one: ORDER.index(weight(one)))
    yield from (page.headed(weight(one), one) for one in said if weight(one) is Outcome.FAIL)
    found = blocks(page.account)
    yield from _broken(page, [one for one in found if one.outcome is Outcome.FAIL])
    yield from _unknown(page, [one for one in found if one.outcome is Outcome.INCONCLUSIVE])
    for outcome in (Outcome.WARN, Outcome.WAIVED):
        told = {line.id for one in found if one.outcome is not Outcome.WAIVED for line in one.lines}
        lines = [one for one in outcome_lines(verdict, outcome) if one.id not in told]
        yield from (page.item(one) for one in lines[:WHOLE])
        yield from _more(page, outcome, lines[WHOLE:])
    yield from (page.headed(weight(one), one) for one in said if weight(one) is Outcome.WARN)
    if verdict.not_run:
        head = f"not run: {counted(len(verdict.not_run), 'item')}"
        yield [head, *page.ids(verdict.not_run)]
    ids = [one.id for one in contract.not_tried(page.account.moment)]
    if ids:
        head = f"not tried: {counted(len(ids), 'item')}: it writes, and needs --apply"
        yield [head, *page.ids(ids)]


def _broken(page: Page, found: list[Block]) -> Iterator[list[str]]:
    """What is broken, cause by cause: the cause whole, then what follows from it."""
    firsts = [one.cause[0] for one in found]
    others = [line for one in found for line in (*one.cause[1:], *one.follows)]
    ranked = [*firsts, *(one for one in others if one.outcome is Outcome.FAIL)]
    whole = {one.id for one in ranked[:WHOLE]}
    rest: list[Line] = []
    for block in found:
        first = block.cause[0]
        if first.id not in whole:
            rest += block.lines
            continue
        yield page.item(first) + _named(page, block, whole)
        for line in block.lines[1:]:
            if line.id in whole:
                alike = "" if line in block.follows else f"as {first.id}: for one reason"
                yield page.item(line, alike or f"{first.id} is {_word(first)}")
    for outcome, lines in itertools.groupby(
        sorted(rest, key=lambda one: ORDER.index(one.outcome)), key=lambda one: one.outcome
    ):
        yield from _more(page, outcome, list(lines))


def _word(line: Line) -> str:
    return {Outcome.FAIL: "broken", Outcome.WAIVED: "waived"}.get(line.outcome, "not told")


def _named(page: Page, block: Block, whole: set[str]) -> list[str]:
    """What belongs to a cause and is told by name only."""
    alike = [one for one in block.cause[1:] if one.id not in whole]
    follows = [one for one in block.follows if one.id not in whole]
    lines = page.by_outcome("alike", alike) + page.by_outcome("follows", follows)
    return lines + page.by_outcome("adds to", block.also)


def _unknown(page: Page, found: list[Block]) -> Iterator[list[str]]:
    """What could not be told: a reason that several items share is told once."""
    for block in found[:WHOLE]:
        first = block.cause[0]
        if len(block.cause) == 1:
            yield page.item(first) + _named(page, block, set())
            continue
        text = f"{where_of(block.cause)}: {len(block.cause)} items cannot be told: {block.reason}"
        ids = page.ids([one.id for one in block.cause])
        named = page.by_outcome("follows", block.follows)
        yield [*page.headed(first.outcome, text), *ids, *named, *page.look(block.cause)]
    yield from _more(
        page, Outcome.INCONCLUSIVE, [line for one in found[WHOLE:] for line in one.lines]
    )


def _more(page: Page, outcome: Outcome, lines: list[Line]) -> Iterator[list[str]]:
    if lines:
        yield [f"{len(lines)} more {outcome.value}:", *page.ids([one.id for one in lines])]


def _differences(account: Account, columns: int) -> list[str]:
    unused = account.contract.unused_differs
    return [
        cut(f"{one.item}: {UNUSED if one.item in unused else one.reason}", columns)
        for one in account.target.differs
    ]


def shown(folder: pathlib.Path) -> str:
    """A folder as a person would type it from here."""
    try:
        return str(folder.resolve().relative_to(pathlib.Path.cwd()))
    except ValueError:
        return str(folder)
