"""Odd bodies: each spoils its own item, and nothing that is told of it breaks a writer."""

from __future__ import annotations

import asyncio
import datetime as dt
import gzip
import json
import os
import pathlib
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from gate.contract.body_schema import complaints
from gate.errors import ObservationError
from gate.kinds.budget import Budget, budget
from gate.kinds.endpoint import Endpoint
from gate.kinds.endpoint import endpoint as judged
from gate.kinds.finding import Finding
from gate.kinds.load import load_contract
from gate.kinds.scene import Scene
from gate.secrets import known
from gate.sources.api import gate_load
from gate.sources.api.body import read_body
from gate.sources.api.facts import Answer, ApiFacts
from gate.sources.api.inflate import Inflater
from gate.sources.api.look import look
from gate.sources.api.questions import AskSamples
from gate.sources.fact import Absent, CannotTell, Cause, Seen
from gate.sources.migrations.facts import Chains
from gate.sources.observed import Observed
from gate.target import Target
from gate.timing.rules import Rules

JSON = "application/json"
KEPT, BROKEN, OPEN = "kept", "broken", "cannot tell"
BODIES: dict[str, tuple[str, bytes, str, str]] = {
    "good": (JSON, b'{"id": 1}', KEPT, ""),
    "byte_order_mark": (JSON, b'\xef\xbb\xbf{"id": 1}', KEPT, ""),
    "utf_16": (JSON, '{"id": "\u00e9"}'.encode("utf-16"), KEPT, ""),
    "nul_in_a_text": (JSON, b'{"id": "a\\u0000b"}', KEPT, ""),
    "lone_surrogate": (JSON, b'{"id": "\\ud800", "\\udfff": 1}', KEPT, ""),
    "charset_hex": (JSON + "; charset=hex", b'{"id": 1}', KEPT, ""),
    "charset_of_nobody": (JSON + "; charset=nobody-knows-it", b'{"id": 1}', KEPT, ""),
    "invalid_utf_8": (JSON, b'{"id": "\xff\xfe"}', BROKEN, "no valid utf-8 at byte 8"),
    "truncated_utf_8": (JSON, b'{"id": "\xc3', BROKEN, "no valid utf-8"),
    "no_json": (JSON, b"{oops", BROKEN, "no JSON"),
    "empty": (JSON, b"", BROKEN, "no JSON"),
    "a_page": (JSON, b"<html></html>", BROKEN, "no JSON"),
    "not_a_number": (JSON, b'{"id": NaN}', BROKEN, "NaN is no JSON"),
    "infinity": (JSON, b'{"id": -Infinity}', BROKEN, "-Infinity is no JSON"),
    "two_documents": (JSON, b'{"id": 1}{"id": 2}', BROKEN, "no JSON"),
    "raw_nul": (JSON, b'{"id": 1}\x00', BROKEN, "no JSON"),
    "a_list": (JSON, b"[1]", BROKEN, "body at /"),
    "long_integer": (JSON, b'{"id": ' + b"9" * 5001 + b"}", OPEN, "integer of 5,001 digits"),
    "huge_real": (JSON, b'{"id": 1e999}', OPEN, "beyond all bounds"),
    "deep": (JSON, b"[" * 100_000 + b"]" * 100_000, OPEN, "nested deeper"),
    "rather_deep": (JSON, b'{"id": ' + b"[" * 120 + b"]" * 120 + b"}", OPEN, "nested deeper"),
    "deep_objects": (JSON, b'{"a":' * 90_000 + b"1" + b"}" * 90_000, OPEN, "nested deeper"),
    "one_key_twice": (JSON, b'{"id": 1, "id": 2}', OPEN, "says 'id' twice"),
    "many_values": (JSON, b"[" + b"[]," * 200_000 + b"1]", OPEN, "more than 250,000 values"),
    "another_type": ("text/html", b'{"id": 1}', BROKEN, "answered with text/html"),
    "no_type": ("", b'{"id": 1}', BROKEN, "no content type"),
}
NEEDED = {"type": "object", "required": ["id"]}


class Server(BaseHTTPRequestHandler):
    """Answers with one of the bodies, by path."""

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its signature
        """Stay silent."""

    def do_GET(self) -> None:
        """Answer; ``/slow`` takes its time, ``/500`` is an error."""
        if self.path == "/slow":
            time.sleep(0.08)
        name = self.path.strip("/")
        kind, body, _, _ = BODIES.get(name, BODIES["good"])
        if name.startswith("large"):
            body = b'{"id": [' + b"1," * 200_000 + b"1]}"
        self.send_response(500 if self.path == "/500" else 200)
        if kind:
            self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    """Where the bodies are served."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def target(base: str) -> Target:
    """A target there."""
    given = {"name": "t", "title": "T", "host": "local://", "database": {"service": "none"}}
    return Target.model_validate({**given, "api": {"base": base}})


def scene(
    base: str, folder: pathlib.Path, endpoints: dict[str, dict[str, Any]], budgets: str = ""
) -> Scene:
    """A real look at these endpoints, ready to be judged."""
    text = [
        f'[endpoint.{name}]\ntitle = "t"\nsource = "s"\n'
        + "".join(f"{key} = {json.dumps(value)}\n" for key, value in keys.items() if key != "body")
        + "".join(f"body.{key} = {json.dumps(one)}\n" for key, one in keys.get("body", {}).items())
        for name, keys in endpoints.items()
    ]
    (folder / "endpoints.toml").write_text("\n".join(text))
    if budgets:
        (folder / "budgets.toml").write_text(budgets)
    contract = load_contract(folder)
    here = target(base)
    rules = contract.of(Budget, "predeploy")
    samples = [AskSamples(id_, f"endpoint.{one.endpoint}", one.rules) for id_, one in rules.items()]
    facts = look(here, contract.of(Endpoint, "predeploy"), samples, {})
    now, open_ = dt.datetime.now(dt.timezone.utc), CannotTell("not asked", Cause.UPSTREAM)
    observed = Observed(
        target="t",
        moment="predeploy",
        started=now,
        finished=now,
        sources={
            "host": open_,
            "database": open_,
            "api": facts,
            "plan": Absent("none"),
            "migrations": Seen(Chains(folders={})),
            "rehearsal": Absent("nothing was rehearsed by this run"),
        },
    )
    return Scene(contract=contract, target=here, moment="predeploy", observed=observed)


def outcome(name: str, there: Scene) -> tuple[str, str]:
    """How an endpoint's item ends, and why."""
    try:
        finding: Finding = judged(there.contract.promise(f"endpoint.{name}"), there)
    except ObservationError as error:
        return OPEN, str(error)
    return (KEPT, "") if finding.holds else (BROKEN, "; ".join(finding.broken))


def test_each_body_spoils_its_own_item_only(base: str, tmp_path: pathlib.Path) -> None:
    """All of them in one look: what is no JSON is broken, what is too odd cannot be told."""
    wanted = {name: {"path": f"/{name}", "body": NEEDED} for name in BODIES}
    there = scene(base, tmp_path, wanted)
    found = {name: outcome(name, there) for name in BODIES}
    assert {name: how for name, (how, _) in found.items()} == {
        name: how for name, (_, _, how, _) in BODIES.items()
    }
    for name, (_, _, _, why) in BODIES.items():
        assert why in found[name][1]
    text = there.observed.model_dump_json()
    assert Observed.model_validate_json(text) == there.observed
    json.loads(text.encode("utf-8"))


def test_large_answers_take_no_room_from_small_ones(base: str, tmp_path: pathlib.Path) -> None:
    """Of many large ones only some are kept; what is small is told in any case."""
    wanted = {f"large{number}": {"path": f"/large/{number}", "body": NEEDED} for number in range(6)}
    wanted |= {f"z{number}": {"path": "/good", "body": NEEDED} for number in range(10)}
    there = scene(base, tmp_path, wanted)
    found = {name: outcome(name, there)[0] for name in wanted}
    assert [found[f"z{number}"] for number in range(10)] == [KEPT] * 10
    assert sorted(found[f"large{number}"] for number in range(6)) == [OPEN] * 4 + [KEPT] * 2


def test_json_is_promised_by_its_type_alone(base: str, tmp_path: pathlib.Path) -> None:
    """Without a schema, too, what says that it is JSON and is none is broken."""
    there = scene(base, tmp_path, {"no_json": {"path": "/no_json"}, "good": {"path": "/good"}})
    assert outcome("no_json", there)[0] == BROKEN
    assert outcome("good", there)[0] == KEPT


def test_no_body_raises() -> None:
    """Any bytes under any type are read, and what was read can be written."""
    dice = random.Random(9)  # noqa: S311 - no secret
    seeds = [body[:3000] for _, body, _, _ in BODIES.values()]
    types = [JSON, JSON + "; charset=utf-16", "text/plain; charset=punycode", "a/b+json", "x", ""]
    types += [f"text/plain; charset={name}" for name in ("zip", "hex", "idna", "utf-32", "utf_7")]
    for _ in range(2000):
        body = bytearray(dice.choice(seeds))
        for _ in range(dice.randrange(4)):
            at = dice.randrange(len(body) + 1)
            body[at : at + dice.randrange(3)] = dice.randbytes(dice.randrange(4))
        found = read_body(bytes(body), dice.choice(types))
        json.dumps(found.value, ensure_ascii=False, allow_nan=False).encode("utf-8")


PACKED = (("content-encoding", "gzip"),)


def test_what_is_packed() -> None:
    """A packed body is unpacked whole or not at all; none is none, as in an answer to HEAD."""
    whole = gzip.compress(b"[1]" * 100)
    for cut, kept, why in ((0, b"[1]" * 100, ""), (9, b"", "ends in the middle")):
        inflater = Inflater(PACKED, 1000)
        for one in whole[: len(whole) - cut]:
            inflater.feed(bytes([one]))
        body, unread = inflater.end()
        assert body == kept
        assert why in unread
    assert Inflater(PACKED, 1000).end() == (b"", "")
    small = Inflater(PACKED, 100)
    assert not small.feed(whole)
    assert small.end() == (b"", "more than 100 bytes")


@pytest.mark.parametrize(
    ("schema", "instance"),
    [
        ({"pattern": "^(a+)+$"}, "a" * 200_000 + "!"),
        ({"pattern": "^(a|aa)+$"}, "a" * 200_000 + "!"),
        ({"pattern": r"^(?=(a+)+$)\w+$"}, "a" * 5_000 + "!"),
        ({"pattern": r"^(a+)+\1$"}, "a" * 5_000 + "!"),
        ({"items": {"pattern": r"^(x+x+)+y$"}}, ["x" * 50] * 20_000),
        ({"uniqueItems": True}, [{"a": number} for number in range(80_000)]),
        ({"items": {"type": "string"}}, list(range(200_000))),
    ],
)
def test_a_schema_takes_linear_time(schema: dict[str, Any], instance: Any) -> None:
    """No pattern backtracks for ever, and of many complaints only some are told."""
    started = time.monotonic()
    assert len(complaints(schema, instance, known.first)) <= 10
    assert time.monotonic() - started < 3


BUDGET = '[budget.slow]\ntitle = "t"\nsource = "s"\nendpoint = "slow"\nlimit_s = {limit}\n'


def test_a_budget_is_not_kept_by_a_wrong_answer(base: str, tmp_path: pathlib.Path) -> None:
    """A quick error is no quick answer."""
    text = BUDGET.format(limit=5)
    there = scene(base, tmp_path, {"slow": {"path": "/500"}}, text)
    with pytest.raises(ObservationError, match="not answered as promised: answered 500"):
        budget(there.contract.promise("budget.slow"), there)


def strained(there: Scene, strain: float) -> Scene:
    """The same look, taken on a machine under so much strain."""
    assert isinstance(there.observed.api, Seen)
    facts = there.observed.api.value
    answer = facts.answers["endpoint.slow"]
    assert isinstance(answer, Seen)
    assert answer.value.timing is not None
    timing = answer.value.timing.model_copy(update={"strain": strain})
    other: Answer = answer.value.model_copy(update={"timing": timing})
    api: ApiFacts = facts.model_copy(update={"answers": {"endpoint.slow": Seen(other)}})
    observed = there.observed.model_copy(update={"api": Seen(api)})
    return Scene(
        contract=there.contract, target=there.target, moment=there.moment, observed=observed
    )


def test_a_broken_budget_and_the_gates_own_machine(base: str, tmp_path: pathlib.Path) -> None:
    """What loads the gate's own machine leaves open what else would be broken; an idle one not."""
    there = scene(base, tmp_path, {"slow": {"path": "/slow"}}, BUDGET.format(limit=0.05))
    promise = there.contract.promise("budget.slow")
    assert not budget(promise, strained(there, 0.0)).holds
    assert not budget(promise, strained(there, 0.1)).holds
    with pytest.raises(ObservationError, match="own machine was overloaded"):
        budget(promise, strained(there, 0.9))


SLOW = AskSamples("budget.slow", "endpoint.slow", Rules(limit_s=5))
BURN = "import time\nend = time.monotonic() + 30\nwhile time.monotonic() < end: pass"


def test_strain_is_seen(base: str) -> None:
    """More work than cores on the gate's machine shows in what was timed meanwhile."""
    given = {"title": "t", "source": "s", "path": "/slow", "deadline_s": 30}
    item, here = Endpoint.model_validate(given), target(base)
    here = here.model_copy(
        update={"deadlines": here.deadlines.model_copy(update={"connect_s": 30})}
    )
    burners = [
        subprocess.Popen([sys.executable, "-S", "-c", BURN])  # noqa: S603 - this very Python
        for _ in range(3 * (os.cpu_count() or 1))
    ]
    try:
        time.sleep(0.3)
        facts = look(here, {"endpoint.slow": item}, [SLOW], {})
    finally:
        for one in burners:
            one.kill()
            one.wait()
    assert isinstance(facts, Seen)
    answer = facts.value.answers["endpoint.slow"]
    assert isinstance(answer, Seen)
    assert answer.value.timing is not None
    assert answer.value.timing.strain > 0.5


@pytest.mark.parametrize(("runnable", "share"), [(1, 0.0), (2, 0.0), (8, 0.75)])
def test_strain_is_what_has_no_core(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, runnable: int, share: float
) -> None:
    """No more runnable tasks than cores are no strain: what is slow then is the target."""
    file = tmp_path / "loadavg"
    file.write_text(f"9.1 8.2 7.3 {runnable}/400 12345\n")
    monkeypatch.setattr(gate_load, "LOADAVG", file)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)

    async def beaten() -> float:
        heart, started = gate_load.Strain(), time.perf_counter()
        async with heart.beating():
            await asyncio.sleep(0.3)
        return heart.since(started)

    found = asyncio.run(beaten())
    assert found >= share
    assert share or found < 1  # lateness alone, on a machine that is really busy
