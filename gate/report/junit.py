"""``junit.xml``: one test case per item, for CI readers that know nothing of contracts.

FAIL is a failure and INCONCLUSIVE an error, of a type for each way not to know; nothing is ever
"skipped", which readers take for fine. What stands against the run alone is a case of its own.
It holds what the schemas of Ant's JUnit task and of Jenkins' xUnit plugin have in common, so no
attribute tells the contract's file and line: the text of a case does.
"""

from __future__ import annotations

import datetime as dt
import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping

from gate.account.verdict import Line, Outcome, Verdict, Word
from gate.report import product
from gate.report.account import Account, source_of
from gate.report.conclusion import beyond
from gate.report.places import place_of, told
from gate.report.text import line as one_line
from gate.report.text import printable
from gate.report.times import span

name = "junit"
FILE = "junit.xml"
NOTED = (Outcome.WARN, Outcome.WAIVED)
CAUSE = re.compile(r"cannot tell \(([a-z ]+)\): ")


def render(account: Account, already: Mapping[str, bytes]) -> Mapping[str, bytes]:
    """The suite's file."""
    del already
    return {FILE: document(account).encode("utf-8", "replace")}


def document(account: Account) -> str:
    """The account as JUnit XML: one suite, its class names are the chapters."""
    verdict, against = account.verdict, beyond(account.verdict)
    root = ET.Element("testsuites")
    suite = ET.SubElement(
        root,
        "testsuite",
        {
            "id": "0",
            "package": account.contract.system,
            "name": f"{account.target.name} {account.moment}{' (replay)' * bool(account.replay)}",
            "timestamp": account.started.astimezone(dt.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S"),
            "hostname": one_line(account.identity.hostname if account.identity else "")
            or "unknown",
            "tests": str(len(verdict.lines) + bool(against)),
            "failures": str(verdict.count(Outcome.FAIL)),
            "errors": str(verdict.count(Outcome.INCONCLUSIVE) + bool(against)),
            "skipped": "0",
            "time": _seconds(account.started, account.finished),
        },
    )
    properties = ET.SubElement(suite, "properties")
    for name, value in (
        ("verdict", verdict.word.value),
        ("exit_status", str(verdict.exit_status)),
        ("contract.sha256", account.contract.sha256),
        ("gate.version", product.version()),
        *([("replay", account.replay.sentence())] if account.replay else []),
        *(("warning", one) for one in verdict.warnings),
        *(("not_tried", one.id) for one in account.contract.not_tried(account.moment)),
        *((line.outcome.value, line.id) for line in verdict.lines if line.outcome in NOTED),
    ):
        ET.SubElement(properties, "property", name=name, value=printable(value))
    for line in verdict.lines:
        _case(suite, account, line)
    if against:
        _run(suite, account, against)
    noted = [line for line in verdict.lines if line.outcome in NOTED]
    out = [f"WARN {one}" for one in verdict.warnings]
    out += [f"{one.outcome.value} {one.id}\n{_text(account, one)}" for one in noted]
    ET.SubElement(suite, "system-out").text = printable("\n".join(out))
    ET.SubElement(suite, "system-err")
    ET.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, "unicode") + "\n"


def _case(suite: ET.Element, account: Account, line: Line) -> None:
    times = span(account.contract.promises[line.id], line, account)
    case = ET.SubElement(
        suite, "testcase", classname=line.chapter, name=line.id, time=_seconds(*times)
    )
    if line.outcome not in (Outcome.FAIL, Outcome.INCONCLUSIVE):
        return
    message = one_line(line.reason or line.seen or line.title)
    tag = "failure" if line.outcome is Outcome.FAIL else "error"
    type_ = "promise broken" if line.outcome is Outcome.FAIL else _why(line, account.verdict)
    ET.SubElement(case, tag, message=message, type=type_).text = _text(account, line)


def _run(suite: ET.Element, account: Account, against: str) -> None:
    """What stands against the whole run, and against no item of it."""
    word, message = account.verdict.word.value, one_line(against)
    case = ET.SubElement(
        suite,
        "testcase",
        classname="run",
        name=f"the run of {account.moment}",
        time=_seconds(account.started, account.finished),
    )
    ET.SubElement(case, "error", message=message, type=word.lower()).text = printable(against)


def _why(line: Line, verdict: Verdict) -> str:
    """The kind of error: nothing accounted for the item, or why nothing could be told."""
    if line.id in verdict.not_run:
        return "interrupted" if verdict.word is Word.INTERRUPTED else "not run"
    cause = CAUSE.match(line.reason)
    return f"could not look: {cause[1]}" if cause else "could not look"


def _text(account: Account, line: Line) -> str:
    place = told(place_of(account.contract.promises[line.id], account.contract))
    return printable(
        f"{line.title}\n"
        f"outcome:     {line.outcome.value}\n"
        f"promised:    {line.promised}\n"
        f"seen:        {line.seen or '-'}\n"
        f"reason:      {line.reason or '-'}\n"
        f"promised by: {source_of(account.contract, line.id, account.moment) or '-'}\n"
        f"contract:    {place or '-'}\n"
        f"look at:     {line.look or '-'}\n"
    )


def _seconds(start: dt.datetime, stop: dt.datetime) -> str:
    return f"{max(0.0, (stop - start).total_seconds()):.3f}"
