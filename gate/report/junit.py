"""``junit.xml``: one test case per item, for CI readers that know nothing of contracts.

FAIL is a failure and INCONCLUSIVE an error; nothing is ever "skipped", which readers take for fine.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping

from gate.account.verdict import Line, Outcome
from gate.report import product
from gate.report.account import Account, source_of
from gate.report.text import line as one_line
from gate.report.text import printable

name = "junit"
FILE = "junit.xml"


def render(account: Account, already: Mapping[str, bytes]) -> Mapping[str, bytes]:
    """The suite's file."""
    del already
    return {FILE: document(account).encode("utf-8", "replace")}


def document(account: Account) -> str:
    """The account as JUnit XML: one suite, its class names are the chapters."""
    verdict = account.verdict
    totals = {
        "tests": str(len(verdict.lines)),
        "failures": str(verdict.count(Outcome.FAIL)),
        "errors": str(verdict.count(Outcome.INCONCLUSIVE)),
        "skipped": "0",
        "time": f"{(account.finished - account.started).total_seconds():.3f}",
    }
    root = ET.Element("testsuites", {"name": product.NAME, **totals})
    suite = ET.SubElement(
        root,
        "testsuite",
        {
            "name": f"{account.target.name} {account.moment}{' (replay)' * bool(account.replay)}",
            "timestamp": account.started.strftime("%Y-%m-%dT%H:%M:%S"),
            "hostname": one_line(account.identity.hostname if account.identity else "unknown"),
            **totals,
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
    ):
        ET.SubElement(properties, "property", name=name, value=value)
    for line in verdict.lines:
        _case(suite, line, source_of(account.contract, line.id, account.moment))
    if verdict.warnings:
        ET.SubElement(suite, "system-out").text = "\n".join(
            f"WARN {one}" for one in verdict.warnings
        )
    ET.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, "unicode") + "\n"


def _case(suite: ET.Element, line: Line, source: str) -> None:
    case = ET.SubElement(
        suite, "testcase", classname=line.chapter, name=line.id, time=f"{line.seconds:.3f}"
    )
    if line.outcome is Outcome.PASS:
        return
    text = printable(
        f"{line.title}\n"
        f"outcome:     {line.outcome.value}\n"
        f"promised:    {line.promised}\n"
        f"seen:        {line.seen or '-'}\n"
        f"reason:      {line.reason or '-'}\n"
        f"promised by: {source or '-'}\n"
        f"look at:     {line.look or '-'}\n"
    )
    message = one_line(line.reason or line.seen or line.title)
    if line.outcome is Outcome.FAIL:
        ET.SubElement(case, "failure", message=message, type="promise broken").text = text
    elif line.outcome is Outcome.INCONCLUSIVE:
        ET.SubElement(case, "error", message=message, type="could not look").text = text
    else:
        ET.SubElement(case, "system-out").text = text
