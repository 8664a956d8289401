"""What Allure shows, as plain data: titles, labels, descriptions, attachments and its side files.

The plugin hands them on: titles and labels in a hook around the set-up (allure-pytest names a
result after the fixtures ran), the side files at the end of the session.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from pydantic_core import to_json

from gate.account.verdict import Result
from gate.contract.item import Moment
from gate.contract.model import Contract, Promise
from gate.kinds.kind import Severity
from gate.kinds.registry import kinds
from gate.kinds.risk import Risk
from gate.report import product
from gate.report.account import Account
from gate.report.rows import rows_of
from gate.report.text import line as one_line
from gate.report.text import markdown, plain
from gate.target import Target

OF_RISK: dict[str, Severity] = {"HIGH": "critical", "MEDIUM": "normal", "LOW": "minor"}
VERSION = "Version"
"""The column whose values belong to the environment of a run."""
BUDGET, DRIFT = "budget", "drift"
"""Tags of what is about how long something takes, and of what changed without a promise."""
HISTORY = 20
"""Deployments that a trend goes back."""
URL = re.compile(r"https?://[^\s<>\"'`)\]}|\\]*[^\s<>\"'`)\]}|\\.,;:!?]")
RANK: tuple[Severity, ...] = ("blocker", "critical", "normal", "minor", "trivial")


@dataclasses.dataclass(frozen=True)
class Attachment:
    """One attachment; ``type`` is the name of a member of allure's ``AttachmentType``."""

    name: str
    body: str
    type: Literal["TEXT", "JSON"]


def title(promise: Promise, moment: Moment) -> str:
    """The promise as a sentence."""
    return promise.at(moment).title


def severity(promise: Promise, moment: Moment, contract: Contract) -> Severity:
    """The severity: of the worst risk that the item guards, else of its kind."""
    item = promise.at(moment)
    if isinstance(item, Risk):
        return OF_RISK[item.level]
    risks = (contract.promises[id_].at(moment) for id_ in item.risk if id_ in contract.promises)
    found = {OF_RISK[one.level] for one in risks if isinstance(one, Risk)}
    return min(found, key=RANK.index) if found else kinds()[promise.kind].severity


def labels(
    promise: Promise, moment: Moment, contract: Contract, target: Target, marks: Iterable[str] = ()
) -> list[tuple[str, str]]:
    """Labels as ``(type, value)``, for ``allure.dynamic.label(type, value)``.

    The suites are moment, chapter and kind; the behaviours are the moment, the chapter and the
    item; the tags are the risks, whether the target is declared to differ, and what else there is
    to filter by once an item has ended.
    """
    tags = [*promise.at(moment).risk, *(["differs"] if promise.differs else []), *marks]
    return [
        ("epic", moment),
        ("feature", promise.chapter),
        ("story", promise.id),
        ("parentSuite", f"{moment} on {target.name}"),
        ("suite", promise.chapter),
        ("subSuite", promise.kind),
        ("severity", severity(promise, moment, contract)),
        *(("tag", tag) for tag in tags),
    ]


def description(promise: Promise, moment: Moment, result: Result | None) -> str:
    """The item in Markdown: the promise, what was seen, who says so, how to look oneself."""
    item = promise.at(moment)
    rows = [("Item", f"`{promise.id}`"), ("Promised by", markdown(item.source))]
    if result is not None:
        rows += [
            ("Outcome", result.outcome.value),
            ("Promised", markdown(result.promised)),
            ("Seen", markdown(result.seen)),
            ("Reason", markdown(result.reason)),
        ]
    rows += [("Note", markdown(item.note)), ("Risks", ", ".join(item.risk))]
    rows += [("This target differs", markdown(reason)) for reason in promise.differs]
    text = [f"{markdown(item.title)}.", ""]
    text += [f"- **{name}:** {value}" for name, value in rows if value]
    if result is not None and result.look:
        text += ["", "Look at it yourself:", "", f"    {one_line(result.look)}"]
    return "\n".join(text)


def attachment(promise: Promise, moment: Moment, evidence: Any) -> Attachment:
    """What was promised and what was seen, whole, as one JSON object.

    Args:
        promise: The item.
        moment: The side of it.
        evidence: What `gate.report.facts.evidence` found, redacted; ``None`` where an item has
            no fact of its own, and then only what was promised is told.
    """
    item = promise.at(moment)
    both = {"promised": item.model_dump(mode="json", by_alias=True, exclude_defaults=True)}
    if evidence is not None:
        both["seen"] = evidence
    return Attachment(" and ".join(both), to_json(both, indent=2).decode(), "JSON")


def links(promise: Promise, moment: Moment, contract: Contract) -> list[dict[str, str]]:
    """The addresses that an item and the risks that it guards name: who says so, what to read."""
    item = promise.at(moment)
    named = [("source", item.source), ("note", item.note)]
    for id_ in item.risk:
        risk = contract.promises.get(id_)
        if risk is not None:
            named += [(id_, risk.at(moment).source), (id_, risk.at(moment).note)]
    found = {url: name for name, text in reversed(named) for url in reversed(URL.findall(text))}
    return [
        {"type": "link", "name": f"{name}: {url}", "url": url}
        for url, name in reversed(found.items())
    ]


def trace(line: Result, marks: Iterable[str]) -> str:
    """What a result says beneath its message; `categories` go by its first line."""
    found = [f"outcome: {line.outcome.value} ({', '.join(marks)})"]
    found += [f"promised: {line.promised}", f"seen: {line.seen}"]
    return "\n".join([*found, *([f"look at: {line.look}"] if line.look else [])])


def categories() -> list[dict[str, Any]]:
    """``categories.json``: what is to be told apart, the particular before the general.

    The patterns fit the whole of a result's trace, as Allure 2 wants it, and are found in it, as
    Allure 3 looks for them.
    """
    return [
        {"name": "Could not look", "matchedStatuses": ["broken"]},
        {"name": "Not run", "matchedStatuses": ["skipped", "unknown"]},
        _by_trace("Over budget", rf"\w+ \([^)]*\b{BUDGET}\b", "failed"),
        _by_trace("Drift", rf"\w+ \([^)]*\b{DRIFT}\b", "failed", "passed"),
        _by_trace("Waived", "WAIVED ", "passed"),
        _by_trace("Warned of", "WARN ", "passed"),
        {"name": "Promise broken", "matchedStatuses": ["failed"]},
    ]


def _by_trace(name: str, pattern: str, *statuses: str) -> dict[str, Any]:
    regex = rf"^outcome: {pattern}[\s\S]*"
    return {"name": name, "matchedStatuses": [*statuses], "traceRegex": regex}


def allurerc(name: str) -> dict[str, Any]:
    """``allurerc.json``: how Allure 3 is to tell a run, or a whole deployment, as one page.

    It judges nothing: there is no quality gate in it, since the verdict is the gate's own.

    Args:
        name: Of the report.
    """
    return {
        "name": name,
        "output": "allure-report",
        "historyLimit": HISTORY,
        "categories": {"rules": [{**one, "groupByMessage": False} for one in categories()]},
        "plugins": {
            "awesome": {
                "options": {
                    "singleFile": True,
                    "reportLanguage": "en",
                    "theme": "auto",
                    "groupBy": ["epic", "feature"],
                    "stepTreeExpansion": "expanded",
                }
            }
        },
    }


def environment(account: Account) -> dict[str, str]:
    """What the run was about, by key without blanks: target, contract, gate, host, versions."""
    contract, target, identity = account.contract, account.target, account.identity
    pairs = {
        "target": f"{target.name} ({target.title})",
        "moment": account.moment,
        "verdict": f"{account.verdict.word.value} (exit {account.verdict.exit_status})",
        "gate.version": product.version(),
        "contract.sha256": contract.sha256,
        "host.spec": target.host,
    }
    if account.replay:
        pairs["replay"] = account.replay.sentence()
    for number, warning in enumerate(account.verdict.warnings, start=1):
        pairs[f"warning.{number}"] = warning
    if identity is not None:
        pairs |= {
            "host.name": identity.hostname,
            "host.os": identity.os,
            "host.kernel": identity.kernel,
            "host.privileges": identity.privileges,
        }
    for row in rows_of(account):
        if VERSION in row.cells:
            pairs.setdefault(f"version.{row.name}", plain(row.cells[VERSION]))
    for number, promise in enumerate(contract.not_tried(account.moment), start=1):
        pairs[f"not_tried.{number}"] = f"{promise.id}: it writes, and needs --apply"
    for number, one in enumerate(target.differs, start=1):
        pairs[f"differs.{number}"] = f"{one.item}: {one.reason}"
    return pairs


def environment_properties(pairs: Mapping[str, str]) -> str:
    """``environment.properties``: ISO 8859-1 with escapes, as Java reads it."""
    return "".join(f"{key}={_escaped(value)}\n" for key, value in pairs.items())


def executor(account: Account, environ: Mapping[str, str]) -> dict[str, Any]:
    """``executor.json``: who ran it, with a link to the CI job where the environment tells one."""
    name = f"{account.target.name} {account.moment}"
    return {
        "name": product.NAME,
        "type": _ci(environ),
        "buildName": f"{name} {account.started.isoformat(timespec='seconds')}",
        "reportName": f"{account.contract.system}: {name}",
        **({"buildUrl": url} if (url := run_url(environ)) else {}),
    }


def run_url(environ: Mapping[str, str]) -> str | None:
    """Where the CI job of this run can be found, for the CI systems that say so."""
    for variable in ("CI_JOB_URL", "BUILD_URL"):
        if environ.get(variable, "").startswith(("http://", "https://")):
            return environ[variable]
    parts = [environ.get(f"GITHUB_{one}", "") for one in ("SERVER_URL", "REPOSITORY", "RUN_ID")]
    return "{}/{}/actions/runs/{}".format(*parts) if all(parts) else None


def _ci(environ: Mapping[str, str]) -> str:
    for variable, kind in (
        ("GITHUB_ACTIONS", "github"),
        ("GITLAB_CI", "gitlab"),
        ("JENKINS_URL", "jenkins"),
    ):
        if environ.get(variable):
            return kind
    return "local"


def _escaped(text: str) -> str:
    utf16 = one_line(text).replace("\\", "\\\\").encode("utf-16-be")
    units = (int.from_bytes(utf16[at : at + 2], "big") for at in range(0, len(utf16), 2))
    return "".join(chr(unit) if 32 <= unit < 127 else f"\\u{unit:04x}" for unit in units)  # noqa: PLR2004 - ASCII
