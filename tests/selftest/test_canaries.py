"""Canaries: what comes of them is told truly, and nothing but their own is ever taken away."""

from __future__ import annotations

import os
import pathlib
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from psycopg.conninfo import conninfo_to_dict

from gate.errors import ContractError
from gate.kinds.load import load_contract
from gate.sources.canary import mark as marks
from gate.sources.canary.promised import Sent
from tests.selftest import runs
from tests.selftest.conftest import Postgres
from tests.selftest.desk import Server, desk

CANARY = """
[canary.ticket]
title = "A ticket is stored, worked on, shown, and gone again"
source = "s"
writes = true
within_s = 2
find = "SELECT id, subject AS mark FROM tickets WHERE subject LIKE {mark} AND subject LIKE '%'"
[canary.ticket.request]
method = "POST"
path = "/tickets"
status = 201
json = { subject = "{mark}" }
[canary.ticket.job]
query = "SELECT state FROM jobs WHERE ticket = {id}"
done = ["DONE"]
failed = ["FAILED"]
[canary.ticket.event]
path = "/tickets"
text = ["{mark}"]
[canary.ticket.remove]
requests = [{ method = "DELETE", path = "/tickets/{id}", status = 204 }]
gone = ["SELECT id FROM jobs WHERE ticket = {id}"]
"""
ORDINARY = "an ordinary one"


class Gate:
    """A folder with a contract and a target, and runs of the gate on it."""

    def __init__(self, folder: pathlib.Path, server: Server, postgres: Postgres) -> None:
        """Lay it out."""
        self.folder, self.server = folder, server
        name = conninfo_to_dict(server.conninfo)["dbname"]
        (folder / "services").write_text(
            f"[live]\nhost={postgres.host}\nport={postgres.port}\nuser=postgres\ndbname={name}\n"
        )
        (folder / "contract").mkdir()
        (folder / "contract" / "canaries.toml").write_text(CANARY, "utf-8")
        (folder / "contract" / "endpoints.toml").write_text(
            '[endpoint.tickets]\ntitle = "t"\nsource = "s"\npath = "/tickets"\n', "utf-8"
        )
        (folder / "here.toml").write_text(
            f'title = "Here"\nhost = "local://"\n'
            f'[api]\nbase = "http://127.0.0.1:{server.server_address[1]}"\n'
            f'[database]\nservice = "live"\n'
        )

    def environ(self) -> dict[str, str]:
        """What a run needs."""
        return {"PGSERVICEFILE": str(self.folder / "services")}

    def command(self, *options: str) -> list[str]:
        """The command line of a run."""
        return [
            *(sys.executable, "-m", "gate", "check", "predeploy"),
            f"--target={self.folder / 'here.toml'}",
            f"--contract={self.folder / 'contract'}",
            f"--reports={self.folder / 'reports'}",
            *options,
        ]

    def run(self, *options: str) -> dict[str, dict[str, Any]]:
        """Items of a run by id."""
        done = runs.run(self.command(*options), **self.environ())
        assert done.returncode in (0, 1, 10), done.stdout + done.stderr
        return {one["id"]: one for one in runs.verdict(self.folder, "predeploy")["items"]}

    def change(self, *pairs: tuple[str, str]) -> None:
        """Replace words of the contract."""
        file = self.folder / "contract" / "canaries.toml"
        text = file.read_text("utf-8")
        for old, new in pairs:
            assert old in text
            text = text.replace(old, new)
        file.write_text(text, "utf-8")


@pytest.fixture
def server(database: str) -> Iterator[Server]:
    """The application."""
    with desk(database) as found:
        yield found


@pytest.fixture
def gate(tmp_path: pathlib.Path, server: Server, postgres: Postgres) -> Gate:
    """Where the gate runs."""
    return Gate(tmp_path, server, postgres)


def test_a_healthy_application(gate: Gate, server: Server) -> None:
    """It is stored, worked on, shown, and gone again, whatever else is there."""
    found = gate.run("--apply")
    assert {id_: one["outcome"] for id_, one in found.items()} == {
        "endpoint.tickets": "PASS",
        "canary.ticket": "PASS",
        "canary.ticket.left": "PASS",
    }
    seen = found["canary.ticket"]["seen"]
    assert re.search(r"201 in .*, 1 row after .*; jobs DONE; /tickets shows it after", seen)
    assert "1 row removed, and seen to be gone" in seen
    assert server.tickets() == [ORDINARY]
    with server.connect() as live:
        assert live.execute("SELECT count(*) FROM jobs").fetchone() == (0,)


def test_without_apply_nothing_is_written(gate: Gate, server: Server) -> None:
    """It is told as not tried; what earlier runs left is looked for all the same."""
    found = gate.run()
    assert [*found] == ["endpoint.tickets", "canary.ticket.left"]
    told = runs.verdict(gate.folder, "predeploy")["not_tried"]
    assert [one["id"] for one in told] == ["canary.ticket"]
    assert server.asked == []


FAULTS = {
    "fails after commit": 'answered 500 although its row was committed ("the mail could not',
    "hangs up": "no answer although its row was committed",
    "refuses": 'answered 500 ("no")',
    "writes nothing": "no row bears gate-canary-",
    "no job": "no job after",
    "job fails": "1 of 1 jobs came to FAILED",
    "job waits": "1 of 1 jobs came to PENDING",
    "lists nothing": "/tickets does not show it after",
    "keeps": "not removed: 2 rows are still there, with gate-canary-",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_named(gate: Gate, server: Server, fault: str) -> None:
    """Each by what it did, and the canary is gone again wherever it can be."""
    server.wrong = {fault}
    found = gate.run("--apply")["canary.ticket"]
    assert found["outcome"] == "FAIL"
    assert FAULTS[fault] in found["reason"]
    assert (server.tickets() == [ORDINARY]) is (fault != "keeps")


def test_a_killed_run_is_found_by_the_next(gate: Gate, server: Server) -> None:
    """It is named at once, and taken away by a run with --apply when its run must be over."""
    server.wrong = {"hangs"}
    command = gate.command("--apply")
    with subprocess.Popen(  # noqa: S603 - the gate itself
        command,
        cwd=runs.ROOT,
        env=runs.environ(**gate.environ()),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as run:
        assert server.written.wait(40)
        run.kill()
    server.wrong = set()
    server.gone.set()
    (left,) = [one for one in server.tickets() if one != ORDINARY]
    for options in ((), ("--apply",)):
        found = gate.run(*options)["canary.ticket.left"]
        assert found["outcome"] == "WARN"
        assert f"an earlier run left {left} (1 row," in found["reason"]
        assert server.tickets() == [ORDINARY, left]
    older = left.replace(left[12:20], "20200101")
    with server.connect() as live:
        live.execute("UPDATE tickets SET subject = %s WHERE subject = %s", [older, left])
    assert gate.run()["canary.ticket.left"]["outcome"] == "WARN"
    assert server.tickets() == [ORDINARY, older]
    found = gate.run("--apply")["canary.ticket.left"]
    assert (found["outcome"], server.tickets()) == ("WARN", [ORDINARY])
    assert "this one removed it" in found["reason"]
    assert gate.run()["canary.ticket.left"]["outcome"] == "PASS"


def test_what_cannot_be_removed_is_red(gate: Gate, server: Server) -> None:
    """A canary of an earlier run that stays, whatever is tried."""
    server.wrong = {"keeps"}
    with server.connect() as live:
        live.execute(
            "INSERT INTO tickets (subject) VALUES ('gate-canary-20200101t000000-00000000')"
        )
    found = gate.run("--apply")["canary.ticket.left"]
    assert found["outcome"] == "FAIL"
    assert "cannot be removed: 1 row is still there" in found["reason"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_ended_run_takes_it_away(gate: Gate, server: Server, number: int) -> None:
    """Ctrl-C while it is under way: the verdict says INTERRUPTED, and nothing is left."""
    server.wrong = {"hangs"}
    command = gate.command("--apply")
    with subprocess.Popen(  # noqa: S603 - the gate itself
        command,
        cwd=runs.ROOT,
        env=runs.environ(**gate.environ()),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as run:
        assert server.written.wait(40)
        os.kill(run.pid, number)
        assert run.wait(30) == 2
    assert server.tickets() == [ORDINARY]


def test_only_what_bears_the_mark_goes(gate: Gate, server: Server) -> None:
    """A query that finds more than the canary removes no more than that."""
    gate.change(("AND subject LIKE '%'", "OR true"))
    assert gate.run("--apply")["canary.ticket"]["outcome"] == "PASS"
    assert server.tickets() == [ORDINARY]
    assert len([one for one in server.asked if one.startswith("DELETE")]) == 1


def test_what_quotes_a_mark_is_let_alone(gate: Gate, server: Server) -> None:
    """Somebody writes of a canary that was seen, and the query looks anywhere in the text."""
    gate.change(("LIKE {mark}", "LIKE '%' || {mark} || '%'"))
    old = "gate-canary-20200101t000000-00000000"
    quotes = f"{old} stands in our list: what is it?"
    with server.connect() as live:
        live.execute("INSERT INTO tickets (subject) VALUES (%s), (%s)", [old, quotes])
    found = gate.run("--apply")
    assert found["canary.ticket"]["outcome"] == "PASS"
    assert f"left {old} (1 row" in found["canary.ticket.left"]["reason"]
    assert server.tickets() == [ORDINARY, quotes]
    assert gate.run()["canary.ticket.left"]["outcome"] == "PASS"


def test_a_query_that_does_not_show_the_mark_removes_nothing(gate: Gate, server: Server) -> None:
    """Without its proof nothing goes, and that is said."""
    gate.change(("subject AS mark", "id AS other"))
    found = gate.run("--apply")["canary.ticket"]
    assert found["outcome"] == "INCONCLUSIVE"
    assert "as a column `mark`" in found["reason"]
    assert not [one for one in server.asked if one.startswith("DELETE")]


def test_a_command_takes_it_away(gate: Gate, server: Server) -> None:
    """Where the application has no request for it: on the host, with its mark."""
    gone = gate.folder / "gone"
    url = f"http://127.0.0.1:{server.server_address[1]}/tickets/$ID"
    run = f"echo $MARK $ID >{gone}; curl -sf -X DELETE {url}"
    request = 'requests = [{ method = "DELETE", path = "/tickets/{id}", status = 204 }]'
    gate.change((request, f"run = '{run}'"))
    assert gate.run("--apply")["canary.ticket"]["outcome"] == "PASS"
    assert server.tickets() == [ORDINARY]
    assert re.fullmatch(r"gate-canary-\S+ 2\n", gone.read_text())
    gate.change(("curl -sf", "exit 3; curl"))
    found = gate.run("--apply")["canary.ticket"]
    assert found["outcome"] == "FAIL"
    assert "exited with 3" in found["reason"]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("writes = true\n", "", "[canary.ticket]: writes: "),
        ("writes = true\n", "writes = false\n", "[canary.ticket]: writes: "),
        ("LIKE {mark}", "= {mark}", "[canary.ticket]: find: "),
        ("SELECT id, subject AS", "DELETE --", "[canary.ticket]: find: "),
        ('query = "SELECT', 'query = "UPDATE', "[canary.ticket]: job.query: "),
        ("gone = ", "gon = ", "remove.gon: unknown key; known: gone, requests, run"),
        ('path = "/tickets"\ntext', 'method = "POST"\npath = "/"\ntext', "event.method: "),
        ('["DONE"]', "[]", "job.done: "),
    ],
)
def test_a_mistake_is_told(gate: Gate, old: str, new: str, words: str) -> None:
    """With file, table and key."""
    gate.change((old, new))
    with pytest.raises(ContractError) as caught:
        load_contract(gate.folder / "contract")
    assert words in str(caught.value)


def test_what_nothing_tries_is_refused(gate: Gate) -> None:
    """Without a way to remove it, it flies on a clone alone: there must be one."""
    text = CANARY.partition("[canary.ticket.remove]")[0]
    (gate.folder / "contract" / "canaries.toml").write_text(text, "utf-8")
    with pytest.raises(ContractError, match="it flies on a clone alone"):
        load_contract(gate.folder / "contract")


def test_words_are_never_a_statement() -> None:
    """Whatever a word holds, it is a parameter; what is no word is left as it is."""
    text, given = marks.bound("SELECT 100 % 7, {id} LIKE '%' || {mark}", {"id": "'", "mark": "%s"})
    assert text == "SELECT 100 %% 7, %s LIKE '%%' || %s"
    assert given == ["'", "%s"]
    sent = Sent.model_validate(
        {"path": "/a/{id}?q={other}", "json": {"{id}": ["{mark}", 1, {"a": "{no}"}]}}
    )
    found = marks.filled(sent, {"id": "../x y", "mark": "m"})
    assert found.path == "/a/..%2Fx%20y?q={other}"
    assert found.json_body == {"../x y": ["m", 1, {"a": "{no}"}]}
    assert marks.MARK.fullmatch(marks.new())
    assert 0 <= marks.age_s(marks.new()) < 60
