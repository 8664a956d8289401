"""Who may see what: a leak, an error and an empty answer are told apart, each role by itself."""

from __future__ import annotations

import datetime as dt
import json
import pathlib
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import pytest

from gate.contract.model import Contract
from gate.errors import ContractError, ObservationError
from gate.kinds.access.promised import Hidden
from gate.kinds.access.shown import shown
from gate.kinds.finding import Finding
from gate.kinds.judge import compare
from gate.kinds.load import load_contract
from gate.kinds.look import questions
from gate.kinds.registry import kinds
from gate.kinds.scene import scene_of
from gate.sources.api.facts import Answer
from gate.sources.api.look import look
from gate.sources.api.questions import AskEndpoint
from gate.sources.observed import Observed
from gate.target import Difference, Target
from tests.selftest import runs

LOGIN = """
[endpoint.login]
title = "t"
source = "s"
method = "POST"
path = "/login"
form = { user = "{user}", password = "{password}" }
"""
HEAD = 'title = "Notes"\nsource = "s"\npath = "/notes"\n'
NOTES = f"""
[access.notes]
{HEAD}hides = [{{ at = "/results/*/visibility", value = "internal" }}]
roles = {{ agent = "sees", customer = "hidden", nobody = "denied" }}
"""
PUBLIC = {"visibility": "public", "text": "hello"}
INTERNAL = {"visibility": "internal", "text": "the note"}
ROLES = ("agent", "customer", "locked")
Reply = tuple[int, str, str]


def said(*notes: dict[str, str], status: int = 200) -> Reply:
    """An answer with these notes."""
    return status, "application/json", json.dumps({"results": notes})


REFUSED: Reply = (403, "application/json", '{"detail": "not yours"}')
UNKNOWN: Reply = (401, "application/json", '{"detail": "who are you"}')
HEALTHY = {"agent": said(PUBLIC, INTERNAL), "customer": said(PUBLIC), "nobody": UNKNOWN}


class Api(BaseHTTPRequestHandler):
    """Answers every role as the test says; a role's token is its name."""

    def log_message(self, *_: Any) -> None:
        """Stay silent."""

    def do_POST(self) -> None:
        """Log in; one role may not."""
        form = parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
        name = form["user"][0]
        right = name != "locked"
        self._send(
            200 if right else 429,
            "application/json",
            json.dumps({"access_token": f"token-of-{name}"} if right else {}),
        )

    def do_GET(self) -> None:
        """Answer the role."""
        token = self.headers.get("authorization", "").removeprefix("Bearer token-of-")
        self._send(*self.server.replies[token or "nobody"])  # type: ignore[attr-defined]

    def _send(self, status: int, kind: str, text: str) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())


@pytest.fixture
def api() -> Iterator[ThreadingHTTPServer]:
    """A server whose replies a test sets."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Api)
    server.replies = dict(HEALTHY)  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def target_of(port: int) -> Target:
    """A target there."""
    roles = {one: {"user_env": one.upper(), "password_env": "WORD"} for one in ROLES}
    return Target.model_validate(
        {
            "name": "t",
            "title": "T",
            "host": "local://",
            "api": {"base": f"http://127.0.0.1:{port}", "roles": roles, "values": {"id": "4711"}},
        }
    )


ENVIRON = {**{one.upper(): one for one in ROLES}, "WORD": "pass-4711-word"}
Judged = dict[str, Finding | str]


def contract_of(folder: pathlib.Path, text: str, **more: Any) -> Contract:
    """A contract of these rows, and a login."""
    (folder / "endpoints.toml").write_text(LOGIN, "utf-8")
    (folder / "access.toml").write_text(text, "utf-8")
    return load_contract(folder, **more)


@pytest.fixture
def judge(api: ThreadingHTTPServer, tmp_path: pathlib.Path) -> Callable[..., Judged]:
    """A function that asks for a contract's rows, and judges each cell."""

    def judged(text: str = NOTES, **replies: Reply) -> Judged:
        api.replies.update(replies)  # type: ignore[attr-defined]
        target, contract = target_of(api.server_address[1]), contract_of(tmp_path, text)
        asked = questions(contract, target, "predeploy")
        endpoints = {one.id: one.endpoint for one in asked if isinstance(one, AskEndpoint)}
        now = dt.datetime.now(dt.timezone.utc)
        facts = {"api": look(target, endpoints, {}, ENVIRON)}
        seen = Observed(target="t", moment="predeploy", started=now, finished=now, sources=facts)
        found: Judged = {}
        for promise in contract.at("predeploy"):
            if promise.kind == "access":
                try:
                    found[promise.name] = compare(promise, scene_of(contract, target, seen))
                except ObservationError as error:
                    found[promise.name] = str(error)
        return found

    return judged


def broken(judged: Judged) -> dict[str, str]:
    """What is broken of what was judged, by cell."""
    return {
        name: "; ".join(one.broken)
        for name, one in judged.items()
        if isinstance(one, Finding) and not one.holds
    }


def unknown(judged: Judged) -> dict[str, str]:
    """What cannot be told of it, by cell."""
    return {name: one for name, one in judged.items() if isinstance(one, str)}


def test_a_healthy_api_keeps_every_cell(judge: Callable[..., Judged]) -> None:
    """Each is an item by itself."""
    found = judge()
    assert list(found) == ["notes.agent", "notes.customer", "notes.nobody"]
    assert not broken(found)
    assert not unknown(found)


def test_a_leak_has_its_own_line(judge: Callable[..., Judged]) -> None:
    """The customer's cell alone is broken, and names what is shown and where."""
    found = judge(customer=said(PUBLIC, INTERNAL))
    assert broken(found) == {
        "notes.customer": 'customer is shown "internal" at /results/1/visibility'
    }
    assert not unknown(found)


def test_an_empty_answer_proves_nothing_by_itself(judge: Callable[..., Judged]) -> None:
    """Where nobody is shown the note, its absence elsewhere is no promise kept."""
    found = judge(agent=said(PUBLIC), customer=said())
    assert broken(found) == {
        "notes.agent": 'agent is not shown "internal" at /results/*/visibility'
    }
    assert "proves nothing while nobody is shown it" in unknown(found)["notes.customer"]
    assert "access.notes.agent should be" in unknown(found)["notes.customer"]


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (said(INTERNAL, status=403), 'nobody is shown "internal" at /results/0/visibility'),
        ((404, "application/json", "{}"), "answered 404 to nobody: that refuses nothing"),
        ((500, "application/json", "{}"), "answered 500 to nobody: that refuses nothing"),
        ((302, "text/html", ""), "answered 302 to nobody: that refuses nothing"),
        ((200, "text/html", "<form>log in</form>"), "answered 200 to nobody"),
    ],
)
def test_a_refusal_is_no_error(judge: Callable[..., Judged], reply: Reply, words: str) -> None:
    """Neither an error, nor a wrong path, nor a login page refuses; and a refusal shows nothing."""
    assert broken(judge(nobody=reply)) == {"notes.nobody": words}


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        ((500, "application/json", "{}"), "answered 500 to customer"),
        (REFUSED, 'answered 403 ("not yours") to customer'),
        ((200, "text/html", "<html>"), "answered customer with text/html"),
        ((200, "application/json", "{"), "the body is no JSON"),
    ],
)
def test_who_is_answered_is_answered_well(
    judge: Callable[..., Judged], reply: Reply, words: str
) -> None:
    """A role from which something is hidden is answered all the same."""
    assert words in broken(judge(customer=reply))["notes.customer"]


def test_a_login_that_is_worth_nothing_is_no_refusal(judge: Callable[..., Judged]) -> None:
    """A 401 to who is logged in would keep every refusal: it is none, unless the row says so."""
    row = f'[access.a]\n{HEAD}roles = {{ agent = "allowed", customer = "denied" }}\n'
    assert broken(judge(row, customer=UNKNOWN)) == {
        "a.customer": 'answered 401 ("who are you") to customer: that refuses nothing'
    }
    assert not broken(judge(row + "denied_by = [401]\n", customer=UNKNOWN))
    assert not broken(judge(row, customer=REFUSED))


def test_a_404_refuses_only_where_another_is_answered(judge: Callable[..., Judged]) -> None:
    """A wrong path is answered like that, too."""
    roles = 'roles = { agent = "allowed", customer = "denied" }'
    row = f"[access.a]\n{HEAD}denied_by = [404]\n{roles}\n"
    gone: Reply = (404, "application/json", "{}")
    assert not broken(judge(row, customer=gone))
    assert not unknown(judge(row, customer=gone))
    found = judge(row, customer=gone, agent=gone)
    assert [*broken(found)] == ["a.agent"]
    assert "a 404 refuses only where another role is answered" in unknown(found)["a.customer"]


def test_a_role_that_cannot_log_in_spoils_its_own_cell(judge: Callable[..., Judged]) -> None:
    """The others stand; where it was the only one to see it, what is hidden cannot be told."""
    found = judge(NOTES.replace("nobody", "locked"))
    assert "logging in as locked" in unknown(found)["notes.locked"]
    assert [*unknown(found)] == ["notes.locked"]
    assert not broken(found)
    alone = judge(NOTES.replace("agent", "locked"))
    assert [*unknown(alone)] == ["notes.locked", "notes.customer"]
    assert not broken(alone)
    assert "has no [api.roles.stranger]" in unknown(judge(NOTES.replace("nobody", "stranger")))[
        "notes.stranger"
    ]  # fmt: skip


def test_a_very_status(judge: Callable[..., Judged]) -> None:
    """A number is that status and no other."""
    row = f"[access.a]\n{HEAD}roles = {{ agent = 200, nobody = 401, customer = 404 }}\n"
    assert broken(judge(row)) == {"a.customer": "answered 200 to customer"}


BODY = {
    "results": [{"note": None, "deep": {"id": 4711, "say": "a secret word"}, "n": 1}],
    "t~x/y": True,
}


@pytest.mark.parametrize(
    ("hidden", "there"),
    [
        ({"at": "/results/*/note"}, True),
        ({"at": "/results/0/note"}, True),
        ({"at": "/results/1/note"}, False),
        ({"at": "/note"}, False),
        ({"at": "/**/say"}, True),
        ({"at": "/**/results"}, True),
        ({"at": "/**/id", "text": "{id}"}, True),
        ({"at": "/results/*/deep", "text": "{id}"}, True),
        ({"at": "/results/*/n", "value": 1}, True),
        ({"at": "/results/*/n", "value": True}, False),
        ({"at": "/t~0x~1y", "value": True}, True),
        ({"at": "/t~0x~1y", "value": 1}, False),
        ({"text": "secret"}, True),
        ({"text": "Secret"}, False),
        ({"text": "note"}, True),
        ({"text": "4711"}, True),
        ({"text": "47110"}, False),
    ],
)
def test_what_stands_in_an_answer(hidden: dict[str, Any], there: bool) -> None:  # noqa: FBT001 - of the table
    """Values are JSON's, texts are parts of strings, keys and numbers; a place is a pointer."""
    assert bool(shown(Hidden.model_validate(hidden), answer(BODY), target_of(9))) is there


def answer(body: Any, **more: Any) -> Answer:
    """An answer of this body."""
    return Answer(
        method="GET",
        url="http://x/notes",
        status=200,
        content_type="application/json",
        body=body,
        is_json=not isinstance(body, str),
        elapsed_s=0.1,
        **more,
    )


def test_what_was_not_read_cannot_be_told() -> None:
    """A body that is too large, or not kept to its end; what was found in its beginning stands."""
    hidden = Hidden(text="secret")
    for one in (answer("", unread="more than 10 bytes"), answer("a text", cut=True)):
        with pytest.raises(ObservationError):
            shown(hidden, one, target_of(9))
    assert shown(hidden, answer("a secret text", cut=True), target_of(9))
    with pytest.raises(ObservationError, match=r"needs a value for \{other\}"):
        shown(Hidden(text="{other}"), answer(BODY), target_of(9))


def test_ids_are_stable_and_sides_differ(tmp_path: pathlib.Path) -> None:
    """A role that only one side names is accounted for on that side; a target differs by row."""
    row = f"""
[access.a]
{HEAD}before = {{ roles = {{ agent = "allowed", nobody = 401 }} }}
after = {{ roles = {{ agent = "allowed", customer = "denied" }} }}
"""
    found = contract_of(tmp_path, row)
    moments = {one.id: one.moments for one in found.promises.values() if one.kind == "access"}
    assert moments == {
        "access.a.agent": ("predeploy", "postdeploy", "rollback"),
        "access.a.nobody": ("predeploy", "rollback"),
        "access.a.customer": ("postdeploy",),
    }
    differs = [Difference(item="access.a", set={"path": "/other"}, reason="it moved")]
    found = contract_of(tmp_path, row, differs=differs)
    assert {one.before.path for one in found.promises.values() if one.kind == "access"} == {  # type: ignore[attr-defined]
        "/other"
    }
    assert found.promises["access.a.agent"].differs == ("it moved",)
    assert found.unused_differs == ()


def test_two_rows_make_no_cell_twice(tmp_path: pathlib.Path) -> None:
    """A role's name may hold a dot, and so may a row's."""
    row = '{}roles = {{ "{}" = "allowed" }}\n'
    text = f"[access.a]\n{row.format(HEAD, 'b.c')}[access.'a.b']\n{row.format(HEAD, 'C')}"
    with pytest.raises(ContractError, match=r"\[access\.a\.b\.c\].*one id twice"):
        contract_of(tmp_path, text)


def test_what_writes_is_withheld(tmp_path: pathlib.Path) -> None:
    """A POST may write where it is allowed by mistake: each of its cells needs --apply."""
    row = f'[access.a]\n{HEAD}method = "POST"\nroles = {{ customer = "denied" }}\n'
    with pytest.raises(ContractError, match=r"\[access\.a\.customer\]: writes: a POST may"):
        contract_of(tmp_path, row)
    found = contract_of(tmp_path, row + "writes = true\n", writes=False)
    assert [one.id for one in found.not_tried("predeploy")] == ["access.a.customer"]


def test_absent_on_a_side(judge: Callable[..., Judged]) -> None:
    """A row of an endpoint that is yet to come: not served to anybody."""
    row = (
        f'[access.a]\n{HEAD}roles = {{ agent = "allowed", nobody = "denied" }}\nbefore = "absent"\n'
    )
    gone: Reply = (404, "application/json", "{}")
    found = judge(row, nobody=gone)
    assert [*broken(found)] == ["a.agent"]
    assert "is served: 200" in broken(found)["a.agent"]


def test_a_leak_in_the_reports(api: ThreadingHTTPServer, tmp_path: pathlib.Path) -> None:
    """A run is blocked by that one line, and every document has the matrix."""
    api.replies["customer"] = said(INTERNAL)  # type: ignore[attr-defined]
    (tmp_path / "contract").mkdir()
    contract_of(tmp_path / "contract", NOTES)
    roles = "".join(
        f'[api.roles.{one}]\nuser_env = "{one.upper()}"\npassword_env = "WORD"\n' for one in ROLES
    )
    base = f"http://127.0.0.1:{api.server_address[1]}"
    here = f'title = "T"\nhost = "local://"\n[api]\nbase = "{base}"\n{roles}'
    (tmp_path / "here.toml").write_text(here, "utf-8")
    done = runs.run(runs.command(tmp_path, "predeploy"), **ENVIRON)
    assert done.returncode == 1, done.stdout + done.stderr
    assert runs.outcomes(tmp_path, "predeploy") == {
        "endpoint.login": "PASS",
        "access.notes.agent": "PASS",
        "access.notes.customer": "FAIL",
        "access.notes.nobody": "PASS",
    }
    text = (tmp_path / "reports/here/predeploy/STATE_SNAPSHOT_BEFORE.md").read_text("utf-8")
    assert "| Item | Endpoint | Role | Promised | Answer | Hidden |" in text
    assert "| GET /notes | customer | hidden | 200 | shows what is hidden |" in text


def test_it_is_a_chapter() -> None:
    """A matrix is a chapter of its own, in every report."""
    assert kinds()["access"].chapter == "access"
