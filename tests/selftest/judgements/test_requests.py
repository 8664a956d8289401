"""Requests that are sent again, waited for, led on or given up: by what answers them."""

from __future__ import annotations

import asyncio
import threading
import time
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from gate.api import Api, Base, Role
from gate.sources.api import metrics, samples, session
from gate.sources.api.exchange import LateError, Reply
from gate.sources.api.failure import unanswered
from gate.sources.api.gate_load import Strain
from gate.sources.api.grant import Grant
from gate.sources.api.line import Line, line
from gate.sources.api.login import _first_hop
from gate.sources.api.promised import PromisedExchange
from gate.sources.api.questions import AskSamples
from gate.sources.api.request import build, follow
from gate.sources.api.resolve import addresses
from gate.sources.api.source import _hosts
from gate.sources.api.values import MissingError
from gate.sources.api.wait import wait_for
from gate.sources.fact import Absent, Cause, Seen
from gate.timing.rules import Rules
from tests.selftest.given import DESK, unclear
from tests.selftest.judgements.test_answers import answer

ITEM = PromisedExchange(path="/x")
BASE = Base(base="http://127.0.0.1:9")


def reply(status: int = 200, body: bytes = b"", unread: str = "", **headers: str) -> Reply:
    """An answer that took half a second."""
    return Reply(
        url="http://a/x",
        status=status,
        headers=tuple((name.replace("_", "-"), one) for name, one in headers.items()),
        body=body,
        unread=unread,
        elapsed_s=0.5,
    )


def repeated(monkeypatch: pytest.MonkeyPatch, item: PromisedExchange, *replies: Any) -> Any:
    """The durations of a request that is answered with these, one after the other."""
    told = iter(replies)

    async def reply_to(*_: object) -> Any:
        return next(told)

    monkeypatch.setattr(samples, "reply_to", reply_to)
    asked = [AskSamples("budget.x", "endpoint.x", Rules(limit_s=1.0, samples=3))]
    of: Any = SimpleNamespace(strain=Strain())
    found = asyncio.run(samples.timed(of, item, Seen(answer()), asked))
    assert isinstance(found, Seen)
    return found.value.timing


@pytest.mark.parametrize(
    ("replies", "taken", "ended"),
    [
        ([reply()] * 3, 3, ""),
        ([reply(), Absent("it refused")], 1, "it refused"),
        ([reply(), unclear("no way")], 1, "no way"),
        ([reply(), reply(503)], 1, "it was answered 503, and 200 at first"),
        ([reply(unread="larger than 1 MiB")], 0, "larger than 1 MiB"),
    ],
)
def test_a_request_that_is_repeated(
    monkeypatch: pytest.MonkeyPatch, replies: list[Any], taken: int, ended: str
) -> None:
    """Until something else is answered: that is no sample of the same."""
    timing = repeated(monkeypatch, ITEM, *replies)
    assert (timing.samples_s, timing.ended) == ((0.5,) * taken, ended)


def test_a_request_that_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that writes is sent once; for others there is a limit of time."""
    writes = ITEM.model_copy(update={"writes": True})
    timing = repeated(monkeypatch, writes)
    assert (timing.samples_s, timing.ended) == ((0.5,), "it writes, so it is sent once")
    monkeypatch.setattr(samples, "DEADLINES", -1)
    timing = repeated(monkeypatch, ITEM)
    assert timing.ended == "they took longer than -1 times its deadline together"


def test_a_cheap_request_beside_a_slow_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its first odd answer is told; what was no answer has no duration."""
    told = iter([reply(), Absent("it refused"), reply(503)])
    monkeypatch.setattr(samples, "EVERY_S", 0.001)

    async def run() -> Any:
        over = asyncio.Event()

        async def reply_to(*_: object) -> Any:
            found = next(told)
            if isinstance(found, Reply) and found.status == 503:
                over.set()
            return found

        monkeypatch.setattr(samples, "reply_to", reply_to)
        of: Any = SimpleNamespace(strain=Strain())
        return await samples.beside(of, ITEM, over)

    timing = asyncio.run(run())
    assert (timing.samples_s, timing.ended) == ((0.5, 0.5), "it refused")


@pytest.mark.parametrize(
    ("login", "page", "expected"),
    [
        ({"csrf": "token"}, reply(body=b"<input name=token value=abc123>"), {"{csrf}": "abc123"}),
        ({"csrf_cookie": "csrf"}, reply(set_cookie="csrf=abc123; Path=/"),
         {"{csrf}": "abc123"}),
        ({"csrf": "token"}, reply(403), "/login answered 403 and has no hidden field token"),
        ({"csrf_cookie": "csrf"}, reply(), "/login answered 200 and sets no cookie csrf"),
        ({}, reply(), {}),
    ],
)  # fmt: skip
def test_what_the_page_of_a_login_gives(login: dict[str, str], page: Reply, expected: Any) -> None:
    """A login whose page gives nothing cannot be tried."""
    how: Any = SimpleNamespace(**{"csrf": None, "csrf_cookie": None, "page": "/login", **login})
    if isinstance(expected, str):
        with pytest.raises(MissingError, match=expected):
            session._csrf(how, page)  # noqa: SLF001 - its part
    else:
        assert session._csrf(how, page) == expected  # noqa: SLF001 - as above


def test_a_request_that_cannot_be_built() -> None:
    """What stands for a word is named by somebody, or nothing is sent."""
    to, none = Line(base=BASE), Grant()
    form = ITEM.model_copy(update={"form": {"token": "{csrf}"}})
    with pytest.raises(MissingError, match="nothing says what"):
        build(form, DESK, {}, none, line=to)
    assert b"token=7" in build(form, DESK, {}, none, line=to, words={"{csrf}": "7"}).read()
    roles = {"agent": Role(value_env="AGENT", header="x-key")}
    target = DESK.model_copy(update={"api": DESK.api.model_copy(update={"roles": roles})})
    named = form.model_copy(update={"form": {"u": "{user}"}, "as_role": "agent"})
    with pytest.raises(MissingError, match="has no user and password to log in with"):
        build(named, target, {}, none, line=to)


def test_where_a_redirection_leads() -> None:
    """By HTTP/2 no connection is kept by a header; another origin gets no credential."""
    first = httpx.Request("GET", "https://127.0.0.1:9/x", headers={"cookie": "a=1"})
    for http2, kept in ((False, True), (True, False)):
        to = Line(base=Base(base="https://127.0.0.1:9", http2=http2))
        there = follow("https://127.0.0.1:9/y", first, to, same_origin=False)
        assert ("connection" in there.headers, "cookie" in there.headers) == (kept, False)
    assert "cookie" in follow("https://127.0.0.1:9/y", first, to, same_origin=True).headers


class Forward(SimpleNamespace):
    """A way through the host, and what is known of its end."""

    def obstacle(self) -> Any:
        """Why it was closed."""
        return self.closed

    def refused(self) -> bool:
        """Whether the host refused."""
        return bool(self.refuses)


@pytest.mark.parametrize(
    ("forward", "expected"),
    [
        (
            {"closed": (Cause.PERMISSION, "prohibited")},
            unclear("GET /x: prohibited", Cause.PERMISSION),
        ),
        ({"refuses": True}, Absent("GET /x: the host refuses connections to 127.0.0.1:9")),
    ],
)
def test_a_way_through_the_host_that_fails(forward: dict[str, Any], expected: Any) -> None:
    """A way that was closed says nothing of what is behind it; a refusal does."""
    facts = {"closed": None, "refuses": False, "leads_to": "127.0.0.1:9", **forward}
    way: Any = Forward(**facts)
    error = httpx.ReadError("gone")
    assert unanswered(ITEM, error, Line(base=BASE, forward=way)) == expected


def test_a_gate_that_stood_still_blames_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither for a request nor for a connection."""

    async def late(*_: object) -> None:
        raise LateError("waiting for an answer", reached=True)

    monkeypatch.setattr(session, "connected", late)
    strain: Any = SimpleNamespace(stood_still=lambda _: 1000.0)
    of: Any = session.Session(
        target=DESK, environ={}, ways={}, gateway=asyncio.Semaphore(1), strain=strain
    )
    found = asyncio.run(session.knock(of, ITEM))
    assert found == unclear("the gate itself stood still for 1000.0 s", Cause.TIMEOUT)
    strain.stood_still = lambda _: 0.0
    assert "no answer to GET /x within 10 s" in str(asyncio.run(session.knock(of, ITEM)))


def test_what_is_not_waited_for() -> None:
    """A request that writes is not sent again and again; a run that is ended waits no more."""
    said = "POST /x writes: it is not asked again and again"
    assert wait_for(DESK, PromisedExchange(path="/x", method="POST", writes=True), 5) == said
    over = threading.Event()
    over.set()
    began = time.monotonic()
    target = DESK.model_copy(update={"api": Api(base="http://127.0.0.1:9")})
    assert wait_for(target, ITEM, 60, interrupted=over) == "the run was interrupted"
    assert time.monotonic() - began < 30


def test_metrics_without_an_end() -> None:
    """What is too long is not read, and nothing of it is taken for all."""
    long = f'up{{a="{"x" * metrics.LONGEST}"}} 1\n'
    assert "longer than" in metrics.read(long, "text/plain", ["up"]).unread
    many = "".join(f'up{{a="{number}"}} 1\n' for number in range(metrics.KEPT + 1))
    assert metrics.read(many, "text/plain", ["up"]).unread.startswith("more than 1,000 samples")
    whole = metrics.read(many[: many.rindex("up")], "text/plain", ["up"])
    assert (whole.unread, len(whole.samples)) == ("", metrics.KEPT)


def test_no_base() -> None:
    """A name without an address leads nowhere."""
    target = DESK.model_copy(update={"api": Api(bases={"front": BASE})})
    for name in ("", "other"):
        with pytest.raises(MissingError):
            line(target, name, {})


def test_the_first_answer_to_a_login() -> None:
    """Where it leads on, that is what its first answer promises."""
    hop = SimpleNamespace(status=303, location="/home")
    login: Any = SimpleNamespace(status=200, location=None, redirects=(hop,))
    assert _first_hop(login, reply(303, location="/home?x=1")) == ""
    assert _first_hop(login, reply(200)) == "303 is promised"
    assert _first_hop(login, reply(303, location="/login")).startswith("it leads to /login")


def test_the_hosts_own_name() -> None:
    """Only where the host was reached by it, an API is known to be reachable there."""
    for host, seen, names in (
        ("ssh://navi@Desk.example:22", Seen(1), ("desk.example",)),
        ("ssh://navi@desk.example", unclear(), ()),
        ("local://", Seen(1), ()),
    ):
        target = DESK.model_copy(update={"host": host})
        looking: Any = SimpleNamespace(target=target, of=lambda _, fact=seen: fact)
        assert _hosts(looking) == names


def test_a_name_that_is_answered_too_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waited is gone: the answer disturbs nobody."""
    errors: list[Any] = []
    go = threading.Event()

    def answered(*_: object) -> list[str]:
        go.wait(10)
        return ["127.0.0.1"]

    monkeypatch.setattr("gate.sources.api.resolve._asked", answered)

    async def run() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, told: errors.append(told))
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(addresses("desk.example", 80), 0.01)
        (waiting,) = [one for one in threading.enumerate() if one.name == "resolve desk.example"]
        go.set()
        waiting.join(10)
        await asyncio.sleep(0)  # what the thread left for the loop

    asyncio.run(run())
    assert errors == []
