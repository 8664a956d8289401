"""The summary in the terminal: chapters, what is wrong and why, the verdict last."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from gate.account.verdict import Outcome, Result
from gate.report.account import Account
from gate.report.terminal import summary

REFUSED = "cannot tell (unreachable): connection to 127.0.0.1:5432 failed: Connection refused"


def lines_of(account: Account, *, width: int = 80, colour: bool = False) -> list[str]:
    """The summary of an account."""
    return summary(
        account.contract,
        account.target,
        account.moment,
        account.verdict,
        "reports/hera/predeploy",
        colour=colour,
        width=width,
    )


def broken_database(account: Account) -> dict[str, Result]:
    """Results where no item of the database could be told."""
    unknown = Result(outcome=Outcome.INCONCLUSIVE, reason=REFUSED, look="psql service=atum")
    ids = (one.id for one in account.contract.at("predeploy") if one.chapter == "database")
    return dict.fromkeys(ids, unknown)


def test_a_good_run_is_short(told: Callable[..., Account]) -> None:
    """One line a chapter, where the reports are, and the verdict."""
    lines = lines_of(told())
    assert "  services         5/5" in lines
    assert "  database       18/18" in lines
    assert lines[-3] == "reports: reports/hera/predeploy"
    assert lines[-1] == "verdict: PROMOTE (exit 0): 47 PASS of 47 items"


def test_a_broken_promise_is_told_whole(told: Callable[..., Account]) -> None:
    """Id, title, promised, seen, reason and how to look, and the verdict last."""
    broken = Result(
        outcome=Outcome.FAIL,
        promised="active (running)",
        seen="failed (failed)",
        reason="atum-desk-sla-worker.service is failed (failed)",
        look="systemctl status atum-desk-sla-worker.service",
    )
    lines = lines_of(told(results={"service.sla_worker": broken}))
    at = lines.index("FAIL service.sla_worker: The SLA worker runs")
    assert lines[at + 1 : at + 5] == [
        "  promised  active (running)",
        "  seen      failed (failed)",
        "  reason    atum-desk-sla-worker.service is failed (failed)",
        "  look      systemctl status atum-desk-sla-worker.service",
    ]
    assert lines[-1] == "verdict: BLOCKED (exit 1): 1 FAIL, 46 PASS of 47 items"


def test_a_common_reason_is_told_once(told: Callable[..., Account]) -> None:
    """Many items that cannot be told for one reason are one paragraph."""
    text = "\n".join(lines_of(told(results=broken_database(told())), width=120))
    assert text.count("Connection refused") == 1
    assert "INCONCLUSIVE database: 18 items cannot be told: unreachable: connection" in text
    assert "table: audit_log, kb_articles" in text


def test_long_lists_are_cut_and_say_so(told: Callable[..., Account]) -> None:
    """At most three lines of ids; where all of them are is said."""
    lines = lines_of(told(results=broken_database(told())), width=60)
    at = next(n for n, one in enumerate(lines) if one.startswith("  database: connection"))
    assert lines[at + 3] == "  ... 18 in all; report.html names each of them"


def test_what_was_not_run_is_told_once(told: Callable[..., Account]) -> None:
    """Items without an outcome are a paragraph of their own."""
    lines = lines_of(told(results={"port.api": None}))
    assert "not run: 1 item" in lines
    assert "  port.api" in lines
    assert not [one for one in lines if one.startswith("INCONCLUSIVE")]


@pytest.mark.parametrize("width", [80, 100, 120])
def test_fits_the_terminal(told: Callable[..., Account], width: int) -> None:
    """No line is wider than the terminal, the verdict's own line apart."""
    wordy = Result(outcome=Outcome.FAIL, promised="p " * 90, seen="s " * 90, reason="r " * 90)
    results = broken_database(told()) | {"service.api": wordy, "budget.tickets": wordy}
    lines = lines_of(told(results=results), width=width)
    assert [one for one in lines[:-1] if len(one) > width] == []


def test_colours_change_nothing_else(told: Callable[..., Account]) -> None:
    """Without its colours the coloured summary is the plain one."""
    account = told(results=broken_database(told()))
    plain = [re.sub(r"\x1b\[[0-9;]*m", "", one) for one in lines_of(account, colour=True)]
    assert plain == lines_of(account)


def test_a_target_cannot_write_to_the_terminal(told: Callable[..., Account]) -> None:
    """Escape sequences and control characters of a target's output are taken out."""
    nasty = Result(outcome=Outcome.FAIL, seen="\x1b]0;owned\x07\x1b[2Jgone\r\x08", reason="a\nb")
    text = "\n".join(lines_of(told(results={"service.api": nasty})))
    assert "\x1b" not in text
    assert "\x07" not in text
    assert "  reason    a b" in text
