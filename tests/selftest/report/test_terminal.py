"""The summary in the terminal: chapters, what is wrong and why, the verdict last."""

from __future__ import annotations

import pathlib
import re
from collections.abc import Callable

import pytest

from gate.account.verdict import Outcome, Result
from gate.contract.item import Moment
from gate.contract.model import MOMENTS, Contract
from gate.errors import ObservationError
from gate.kinds.judge import compare
from gate.kinds.scene import Scene
from gate.report.account import Account
from gate.report.terminal import has_colours, one_line, summary
from gate.sources.observed import Observed
from gate.target import Target

CONTRACT = pathlib.Path(__file__).parent / "contract"
REFUSED = "cannot tell (unreachable): connection to 127.0.0.1:5432 failed: Connection refused"


def lines_of(account: Account, *, width: int = 80, colour: bool = False) -> list[str]:
    """The summary of an account."""
    return summary(
        account,
        "reports/hera/predeploy",
        colour=colour,
        width=width,
    )


def place(file: str, table: str) -> str:
    """File and line of a table of the contract, as they are told from here."""
    whole = CONTRACT / file
    number = whole.read_text("utf-8").splitlines().index(table) + 1
    here = pathlib.Path.cwd().resolve()
    found = whole.resolve()
    return f"{found.relative_to(here) if found.is_relative_to(here) else found}:{number}"


def broken(reason: str, look: str = "stat /x") -> Result:
    """A broken promise."""
    return Result(
        outcome=Outcome.FAIL, promised="as written", seen="otherwise", reason=reason, look=look
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
    assert lines[at + 1 : at + 6] == [
        "  promised  active (running)",
        "  seen      failed (failed)",
        "  reason    atum-desk-sla-worker.service is failed (failed)",
        f"  source    snapshot ({place('services.toml', '[service.sla_worker]')})",
        "  look      systemctl status atum-desk-sla-worker.service",
    ]
    assert lines[-1] == "verdict: BLOCKED (exit 1): 1 FAIL, 46 PASS of 47 items"


def test_a_common_reason_is_told_once(told: Callable[..., Account]) -> None:
    """Many items that cannot be told for one reason are one paragraph."""
    text = "\n".join(lines_of(told(results=broken_database(told())), width=120))
    assert text.count("Connection refused") == 1
    assert "INCONCLUSIVE database: 16 items cannot be told: unreachable: connection" in text
    assert "table: audit_log, kb_articles" in text
    assert "  follows   INCONCLUSIVE database.tables; table.tickets" in text


def test_long_lists_are_cut_and_say_so(told: Callable[..., Account]) -> None:
    """At most three lines of ids; where all of them are is said."""
    lines = lines_of(told(results=broken_database(told())), width=60)
    at = next(n for n, one in enumerate(lines) if one.startswith("  database.connection;"))
    assert lines[at + 3] == "  ... 16 in all; report.html names each of them"


def test_what_was_not_run_is_told_once(told: Callable[..., Account]) -> None:
    """Items without an outcome are a paragraph of their own."""
    lines = lines_of(told(results={"port.api": None}))
    assert "not run: 1 item" in lines
    assert "  port.api" in lines
    assert not [one for one in lines if one.startswith("INCONCLUSIVE")]


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_fits_the_terminal(told: Callable[..., Account], width: int) -> None:
    """No line is wider than the terminal, the verdict's own and what is copied apart."""
    wordy = Result(outcome=Outcome.FAIL, promised="p " * 90, seen="s " * 90, reason="r " * 90)
    results = broken_database(told()) | {"service.api": wordy, "budget.tickets": wordy}
    lines = lines_of(told(results=results), width=width)
    folded = [one for one in lines[:-1] if not one.startswith("  look ")]
    assert [one for one in folded if len(one) > width] == []


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


def test_what_follows_stands_with_its_cause(told: Callable[..., Account]) -> None:
    """Two faults are two paragraphs, and what they take with them says why it is broken."""
    account = told(
        results={
            "service.redis": broken("redis-server.service is failed"),
            "risk.redis": broken("the risk materialised: service.redis: it is failed"),
            "index.ix_rag_chunks_hnsw": broken("index ix_rag_chunks_hnsw is not there"),
            "budget.tickets": Result(outcome=Outcome.INCONCLUSIVE, reason="service.redis: failed"),
        }
    )
    lines = lines_of(account)
    heads = [one for one in lines if one.startswith(("FAIL ", "INCONCLUSIVE "))]
    ids = [one.split()[1].rstrip(":") for one in heads]
    assert ids == ["index.ix_rag_chunks_hnsw", "service.redis", "risk.redis"]
    at, after = lines.index(heads[1]), lines.index(heads[2])
    assert "  follows   INCONCLUSIVE budget.tickets" in lines[at:after]
    assert "  because   service.redis is broken" in lines[after:]


def test_ten_are_told_whole_and_the_rest_by_name(told: Callable[..., Account]) -> None:
    """Each of the ten has its source and how to look; none is told twice, and none is left out."""
    ids = [one.id for one in told().contract.at("predeploy") if one.kind != "waiver"][:30]
    account = told(results={id_: broken(f"{id_} is gone") for id_ in ids})
    lines = lines_of(account, width=200)
    whole = [one.split()[1].rstrip(":") for one in lines if one.startswith("FAIL ")]
    assert len(whole) == len(set(whole)) == 10
    for label in ("source", "look"):
        assert len([one for one in lines if one.startswith(f"  {label} ")]) == 10
    named = "\n".join(lines)
    assert all(one.split(".", 1)[1] in named for one in ids)
    assert any(re.fullmatch(r"\d+ more FAIL:", one) for one in lines)


def test_where_nothing_can_be_asked_the_promise_is_shown(told: Callable[..., Account]) -> None:
    """A broken promise has a command in any case, and it only reads."""
    lines = lines_of(told(results={"service.api": broken("it is dead", look="")}))
    (look,) = [one for one in lines if one.startswith("  look")]
    file, _, number = place("services.toml", "[service.api]").rpartition(":")
    assert look == f"  look      sed -n '{number},/^$/p' {file}"


def test_a_command_is_copied_as_it_is(told: Callable[..., Account]) -> None:
    """Neither folded nor with its blanks and lines run together."""
    command = "printf '%s' 'two  blanks'; " + "x" * 300 + "\nsecond line"
    lines = lines_of(told(results={"service.api": broken("dead", look=command)}), width=80)
    at = next(n for n, one in enumerate(lines) if one.startswith("  look"))
    assert lines[at : at + 2] == [f"  look      {command.splitlines()[0]}", "second line"]


def test_many_waivers_and_warnings_are_bounded(told: Callable[..., Account]) -> None:
    """Ten of each are told, the rest by name."""
    ids = [one.id for one in told().contract.at("predeploy")][:25]
    for outcome in (Outcome.WARN, Outcome.WAIVED):
        odd = Result(outcome=outcome, promised="as written", seen="otherwise", reason="odd")
        lines = lines_of(told(results=dict.fromkeys(ids, odd)))
        assert len([one for one in lines if one.startswith(f"{outcome.value} ")]) == 10
        assert f"15 more {outcome.value}:" in lines


def test_one_line_says_it_all(told: Callable[..., Account]) -> None:
    """Verdict, the causes by name, and where the files are."""
    account = told(results={"service.api": broken("it is dead"), "port.api": None})
    assert one_line(account, "reports/hera/predeploy") == (
        "predeploy on hera: BLOCKED (exit 1): 1 FAIL, 1 INCONCLUSIVE, 45 PASS of 47 items: "
        "service.api; reports/hera/predeploy"
    )


def test_its_own_words_are_ascii(told: Callable[..., Account]) -> None:
    """Cuts too: what is no ASCII came from a contract or a target."""
    wordy = broken("r " * 90)
    account = told(results=broken_database(told()) | {"service.api": wordy})
    assert "\n".join(lines_of(account, width=60)).isascii()


@pytest.mark.parametrize(
    ("environ", "is_terminal", "expected"),
    [
        ({"TERM": "xterm"}, True, True),
        ({"TERM": "xterm"}, False, False),
        ({"TERM": "dumb"}, True, False),
        ({}, True, False),
        ({"TERM": "xterm", "NO_COLOR": "1"}, True, False),
        ({"TERM": "dumb", "FORCE_COLOR": "1"}, False, True),
    ],
)
def test_colours(environ: dict[str, str], is_terminal: bool, expected: bool) -> None:  # noqa: FBT001 - a case
    """Only where somebody sees them."""
    assert has_colours(environ, is_terminal=is_terminal) is expected


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_command_leads_to_the_host(
    contract: Contract, target: Target, moment: Moment, look: Callable[[Moment], Observed]
) -> None:
    """Each command of a host that is reached by ssh leads there, or asks from here."""
    begins = ("ssh navi@hera ", "curl ", "psql ", "pg_dump ", "date -u; ")
    at = Scene(contract=contract, target=target, moment=moment, observed=look(moment))
    told = 0
    for promise in contract.at(moment):
        try:
            command = compare(promise, at).look
        except ObservationError:
            continue
        told += bool(command)
        assert not command or command.startswith(begins), promise.id
    assert told > 20
