"""What is said of an answer: status, headers, cookies, body, token and metrics, made up as data."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from gate.errors import ObservationError
from gate.kinds.body import says
from gate.kinds.budget import Budget
from gate.kinds.endpoint import detail
from gate.kinds.registry import kinds
from gate.sources.api.facts import (
    Answer,
    ApiFacts,
    Metrics,
    PastRuns,
    Sample,
    Served,
    SetCookie,
    Timing,
    Token,
    beside_key,
)
from gate.sources.fact import Absent, Fact, Seen
from tests.selftest.given import NOW, finding, promised, scene, told, unclear

UNCLEAR = "cannot tell (upstream): nobody tells"


def answer(body: Any = None, **changes: Any) -> Answer:
    """An answer of JSON."""
    facts: dict[str, Any] = {"method": "GET", "url": "http://a/x", "status": 200}
    facts |= {"content_type": "application/json", "is_json": not isinstance(body, str)}
    return Answer(
        **{**facts, "body": {"a": 1} if body is None else body, "elapsed_s": 0.5, **changes}
    )


def test_a_pattern_that_takes_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """For all texts of a body together: then nothing is known of any."""
    assert says(["^b"], {"a": "b"}) == ["the answer says 'b', which is like '^b'"]
    monkeypatch.setattr("gate.kinds.body.ALL_WITHIN_S", 0.0)
    with pytest.raises(ObservationError, match="within 0 s on all lines"):
        says(["^b"], {"a": "b"})


def api(found: Any, **changes: Any) -> Fact[ApiFacts]:
    """What was seen of the API."""
    fact = Seen(found) if isinstance(found, Answer) else found
    return Seen(ApiFacts(base="http://a", answers={"endpoint.x": fact}, **changes))


def endpoint(keys: str, found: Any, **changes: Any) -> str:
    """What is said of it."""
    items = {"endpoint.x": f'path = "/x"\n{keys}'}
    return told(scene(items, api=api(found, **changes)), "endpoint.x")


TEXT = {"content_type": "text/plain", "is_json": False}
PLAIN = 'content_type = ""\n'


@pytest.mark.parametrize(
    ("keys", "found", "expected"),
    [
        ("", answer(), ""),
        ("status = 201", answer(), "answered 200"),
        ("", answer({"detail": "no"}, status=500), 'answered 500 ("no")'),
        ("", answer("x", **TEXT), "answered with text/plain"),
        ("", answer("x", content_type="", is_json=False), "answered with no content type"),
        (PLAIN, answer("x", **TEXT), ""),
        ("", Absent("connection refused"), "connection refused"),
        ("", unclear(), UNCLEAR),
        ("closed = true", Absent("connection refused"), ""),
        ("closed = true", answer(), "http://a/x takes connections from here"),
        ("closed = true", unclear(), UNCLEAR),
        ('before = "absent"', answer(status=404), ""),
        ('before = "absent"', answer(status=403), "/x is served: 403 application/json"),
        ('before = "absent"', answer("<html>", content_type="text/html"), ""),
        ('before = "absent"', answer("<html>", content_type="text/html", status=201),
         "/x is served: 201 text/html"),
        ('before = "absent"', answer(), "/x is served: 200 application/json"),
        ('before = "absent"', Absent("refused"), "cannot tell whether /x is served: refused"),
        ("", answer(unread="it is too long"),
         "cannot tell (upstream): the body of /x: it is too long"),
        ('http_version = "2"', answer(http_version="1.1", unread="long"),
         "spoken in HTTP/1.1, not HTTP/2"),
        ('http_version = "1.1"', answer(http_version="1.1"), ""),
        ('headers = { A = false }', answer(headers={}), ""),
        ('headers = { A = false }', answer(headers={"a": "1"}), "the header A says '1'"),
        ('headers = { A = true }', answer(headers={"a": "1"}), ""),
        ('headers = { A = true }', answer(), "there is no header A"),
        ('headers = { A = "b c" }', answer(headers={"a": "b  c"}), ""),
        ('headers = { A = "b  c" }', answer(headers={"a": "b c"}), ""),
        ('headers = { A = "b" }', answer(headers={"a": "c"}), "the header A says 'c', not 'b'"),
        ('headers = { A = "b" }', answer(headers={"a": "c" * 300}),
         f"the header A says '{'c' * 200}', not 'b'"),
        ('headers = { A = { like = ["^b"] } }', answer(headers={"a": "bc"}), ""),
        ('headers = { A = { like = ["^b"] } }', answer(headers={"a": "c"}),
         "the header A says 'c', which is not like '^b'"),
        ('headers = { A = { never = ["^b"] } }', answer(headers={"a": "c"}), ""),
        ('headers = { A = { never = ["^b"] } }', answer(headers={"a": "bc"}),
         "the header A says 'bc', which is like '^b'"),
        ('status = 404\nheaders = { A = true }', answer(), "answered 200"),
        ('at_least_bytes = 5', answer(size=5), ""),
        ('at_least_bytes = 5', answer(size=4), "its body has 4 bytes, promised 5 at least"),
        ('at_least_bytes = 5', answer(), "its body has 0 bytes, promised 5 at least"),
        ('at_most_bytes = 5', answer(size=5), ""),
        ('at_most_bytes = 0', answer(size=1), "its body has 1 bytes, promised 0 at most"),
        ('days_left = 5', answer(), "no certificate came with it, and 5 days are promised of one"),
    ],
)  # fmt: skip
def test_an_answer(keys: str, found: Any, expected: str) -> None:
    """Status, media type, headers, size."""
    assert endpoint(keys, found) == expected


def test_what_stands_in_front_of_a_release() -> None:
    """Asked by itself nothing stands in front of it, and nothing of that is judged."""
    keys = 'headers = { A = true }\nhttp_version = "2"'
    assert endpoint(keys, answer(), alone=True) == ""
    assert endpoint(keys, answer(status=500), alone=True) == "answered 500"


@pytest.mark.parametrize(
    ("left", "expected"),
    [
        (dt.timedelta(days=5), ""),
        (dt.timedelta(days=5, seconds=-1), "its certificate (a) is good for only 4 more days, "
         "until 2026-01-05; promised 5 days"),
        (dt.timedelta(0), "its certificate (a) is good for only 0 more minutes, until 2026-01-01; "
         "promised 5 days"),
        (dt.timedelta(days=-1), "its certificate (a) expired on 2025-12-31"),
    ],
)  # fmt: skip
def test_a_certificate_that_is_served(left: dt.timedelta, expected: str) -> None:
    """For how long it is good."""
    served = Served(subject="a", issuer="b", until=NOW + left)
    assert endpoint("days_left = 5", answer(certificate=served)) == expected


def cookie(**changes: Any) -> Answer:
    """An answer that sets a cookie, and another one."""
    facts: dict[str, Any] = {"name": "s", "secure": True, "http_only": True, "same_site": "Lax"}
    facts |= {"path": "/", "domain": "a", "lives_s": 60}
    return answer(cookies=(SetCookie(**{**facts, **changes}), SetCookie(name="t", secure=True)))


@pytest.mark.parametrize(
    ("promised", "found", "expected"),
    [
        ("s = { secure = true, http_only = true, same_site = 'Lax', path = '/' }", cookie(), ""),
        ("s = { secure = true }", cookie(secure=False), "the cookie s is set without Secure"),
        ("s = { secure = false }", cookie(), "the cookie s is set with Secure"),
        ("s = { http_only = true }", cookie(http_only=False),
         "the cookie s is set without HttpOnly"),
        ("s = { http_only = false }", cookie(), "the cookie s is set with HttpOnly"),
        ("s = { same_site = 'Strict' }", cookie(),
         "the cookie s is set with SameSite Lax, not Strict"),
        ("s = { same_site = 'Strict' }", cookie(same_site=""),
         "the cookie s is set with SameSite left out, not Strict"),
        ("s = { path = '/x' }", cookie(), "the cookie s is set with Path /, not /x"),
        ("s = { domain = 'b' }", cookie(), "the cookie s is set with Domain a, not b"),
        ("s = { lives_at_most_s = 60 }", cookie(), ""),
        ("s = { lives_at_most_s = 59 }", cookie(), "the cookie s lives 60 s, promised 59 s at most"),
        ("s = { lives_at_most_s = 59 }", cookie(lives_s=None), ""),
        ("'*' = { secure = true }", cookie(), ""),
        ("'*' = { http_only = true }", cookie(), "the cookie t is set without HttpOnly"),
        ("'*' = { secure = true }", answer(), "no cookie is set"),
        ("u = { secure = true }", cookie(), "no cookie u is set"),
        ("u = { absent = true }", cookie(), ""),
        ("s = { absent = true }", cookie(), "the cookie s is set"),
        ("s = { absent = true }\nt = { secure = false }", cookie(name="u"), "the cookie t is set with Secure"),
    ],
)  # fmt: skip
def test_a_cookie(promised: str, found: Answer, expected: str) -> None:
    """Its flags, where it goes, and for how long."""
    assert endpoint(f"[endpoint.x.cookies]\n{promised}", found) == expected


FLAWED = answer("{", is_json=False, flaw="it ends early")
METRICS = "# HELP up x\nup 1\n"


@pytest.mark.parametrize(
    ("keys", "found", "expected"),
    [
        ('body = { type = "object" }', answer(), ""),
        ('body = { type = "array" }', answer(), 'body at /: {"a":1} is not of type "array"'),
        ('body = { type = "array" }', answer("x", is_json=False), "the body is no JSON"),
        ('without = ["/b"]', answer("x", is_json=False), "the body is no JSON"),
        ("", answer("x", is_json=False), ""),
        ("", FLAWED, "the body is no JSON: it ends early"),
        ("", answer("", is_json=False, flaw="it is empty"), ""),
        ('text = ["x"]', answer("", is_json=False, flaw="empty"), "the body is no JSON: empty"),
        ('body = { }\nwithout = ["/b"]', answer("", is_json=False, flaw="empty"),
         "the body is no JSON: empty"),
        ('without = ["/b"]', answer(), ""),
        ('without = ["/a"]', answer(), "the answer shows /a"),
        ('without = ["/*"]', answer({"a": 1, "b": 2, "c": 3, "d": 4}),
         "the answer shows /a; the answer shows /b; the answer shows /c"),
        (f'{PLAIN}text = ["ok"]', answer("all ok", **TEXT), ""),
        (f'{PLAIN}text = ["ok"]', answer("no", **TEXT), "the body lacks 'ok'"),
        (f'{PLAIN}text = ["ok"]', answer({"state": "ok"}), ""),
        ('text = ["ü"]', answer({"state": "grün"}), ""),
        (f'{PLAIN}text = ["up"]', answer(METRICS, **TEXT), ""),
        (f'{PLAIN}text = ["HELP"]', answer(METRICS, **TEXT), "the body lacks 'HELP'"),
        (f'{PLAIN}text = ["# HELP up"]', answer(METRICS, **TEXT), ""),
        (f'{PLAIN}like = ["HELP"]', answer(METRICS, **TEXT), "nothing in the body is like 'HELP'"),
        (f'{PLAIN}never = ["HELP"]', answer(METRICS, **TEXT), ""),
        (f'{PLAIN}text = ["all"]', answer("# all is well\n", **TEXT), ""),
        (f'{PLAIN}like = ["^# all"]', answer("# all is well\n", **TEXT), ""),
        (f'{PLAIN}text = ["all"]', answer("# all\n", content_type="text/html", is_json=False), ""),
        ('without = ["/*"]', answer({"x" * 200: 1}), f"the answer shows /{'x' * 119}"),
        ('never = ["x+"]', answer({"x" * 200: 1}),
         f"the answer says '{'x' * 80}', which is like 'x+'"),
        ('like = ["^o.$"]', answer({"b": ["ok"]}), ""),
        ('like = ["^b$"]', answer({"b": ["ok"]}), ""),
        ('like = ["x", "y", "z"]', answer({"a": ["x", {"b": "y"}], "c": ["z"]}), ""),
        ('like = ["^k"]', answer({"b": ["ok"]}), "nothing in the body is like '^k'"),
        (f'{PLAIN}like = ["^b"]', answer("a\nb", **TEXT), "nothing in the body is like '^b'"),
        ('never = ["^failed$"]', answer({"a": "x", "state": "failed", "b": "y"}),
         "the answer says 'failed', which is like '^failed$'"),
        ('like = ["b"]', answer({"b": ["ok"]}), ""),
        ('like = ["x"]', answer({"b": ["ok"]}), "nothing in the body is like 'x'"),
        ('never = ["x"]', answer({"b": ["ok"]}), ""),
        ('never = ["o"]', answer({"b": ["ok"]}), "the answer says 'o', which is like 'o'"),
        ('never = ["b"]', answer({"b": [1]}), "the answer says 'b', which is like 'b'"),
        (f'{PLAIN}never = ["b"]', answer("b", **TEXT), "the answer says 'b', which is like 'b'"),
    ],
)  # fmt: skip
def test_a_body(keys: str, found: Answer, expected: str) -> None:
    """JSON, texts, and what must not stand in it."""
    assert endpoint(keys, found) == expected


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ('text = ["ok"]', ""),
        ('text = ["no"]', "cannot tell (upstream): the first 2 characters of /x do not tell all "
         "that is promised, and the rest was not kept"),
        ('never = ["no"]', "cannot tell (upstream): the first 2 characters of /x do not tell all "
         "that is promised, and the rest was not kept"),
        ('never = ["ok"]', "the answer says 'ok', which is like 'ok'"),
        ('text = ["no"]\nnever = ["ok"]', "the answer says 'ok', which is like 'ok'; the body "
         "lacks 'no'"),
    ],
)  # fmt: skip
def test_a_body_that_goes_on(keys: str, expected: str) -> None:
    """What was found is there; what was not may stand in the rest."""
    assert endpoint(f"{PLAIN}{keys}", answer("ok", cut=True, **TEXT)) == expected


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"detail": "a", "error": "b"}, ' ("a")'),
        ({"error": "b"}, ' ("b")'),
        ({"detail": "", "message": "c"}, ' ("c")'),
        ({"title": ["d"]}, ' (["d"])'),
        ({"other": "e"}, ""),
        (["detail"], ""),
        ({"detail": "x" * 300}, f' ("{"x" * 199})'),
    ],
)
def test_what_an_error_says(body: Any, said: str) -> None:
    """By the first of the usual names."""
    assert detail(answer(body)) == said


def token(**changes: Any) -> Answer:
    """An answer with a token that lives for an hour."""
    facts: dict[str, Any] = {"algorithm": "RS256", "claims": {"exp": 1, "sub": "a"}}
    return answer(token=Token(**{**facts, "lives_s": 3600, "verified": None, **changes}))


HS = "algorithms = ['HS256', 'ES256']"
NOTHING = "the token is signed by nothing: anybody makes one"
LIVES = "lives_at_least_s = 3600\nlives_at_most_s = 3600"


@pytest.mark.parametrize(
    ("keys", "found", "expected"),
    [
        ("", token(), ""),
        ("", answer(), "cannot tell (upstream): the token of http://a/x: not looked at"),
        ("", token(flaw="it is no token"), "it is no token"),
        ("", token(algorithm="None"), NOTHING),
        ("", token(algorithm=""), NOTHING),
        (HS, token(algorithm="none"), NOTHING),
        (HS, token(), "the token is signed by RS256, not HS256 or ES256"),
        (HS, token(algorithm="ES256"), ""),
        ("", token(verified=False), "the token's signature is not made by the key of token_key_env"),
        ("verified = true", token(verified=True), ""),
        ("verified = true", token(), "cannot tell: the signature of the token of http://a/x: the "
         "target names no token_key_env"),
        ("verified = true", token(unknown="no key"),
         "cannot tell: the signature of the token of http://a/x: no key"),
        (LIVES, token(), ""),
        ("lives_at_least_s = 3601", token(), "the token lives 3600 s, promised 3601 s at least"),
        ("lives_at_most_s = 3599", token(), "the token lives 3600 s, promised 3599 s at most"),
        ("lives_at_most_s = 1", token(lives_s=None), "the token's exp is no time"),
        ("lives_at_least_s = 1", token(lives_s=None), "the token's exp is no time"),
        ("", token(lives_s=None), ""),
        ("lives_at_most_s = 1", token(lives_s=None, claims={}),
         "the token lives for ever, promised 1 s at most"),
        ("lives_at_least_s = 1", token(lives_s=None, claims={}), ""),
        ("claims = { required = ['sub'] }", token(), ""),
        ("claims = { required = ['iss'] }", token(),
         'the token\'s claims at /: "iss" is a required property'),
    ],
)  # fmt: skip
def test_a_token(keys: str, found: Answer, expected: str) -> None:
    """Who signed it, how long it lives, what it claims."""
    assert endpoint(f"[endpoint.x.token]\nat = '/a'\n{keys}", found) == expected


def exposed(*values: str, **changes: Any) -> Answer:
    """An answer that exposes samples of one metric."""
    samples = tuple(
        Sample(name="up", labels={"n": str(n), "job": "a"}, value=value)
        for n, value in enumerate(values)
    )
    return answer(metrics=Metrics(**{"samples": samples, "types": {"up": "gauge"}, **changes}))


@pytest.mark.parametrize(
    ("keys", "found", "expected"),
    [
        ("at_least = 1\nat_most = 1", exposed("1.0"), ""),
        ("at_least = 2", exposed("1.0"), 'up{n="0", job="a"} 1.0, promised at least 2'),
        ("at_most = 0", exposed("1.0"), 'up{n="0", job="a"} 1.0, promised at most 0'),
        ("at_least = 0\nat_most = 0.5", exposed("1.0"),
         'up{n="0", job="a"} 1.0, promised at least 0 and at most 0.5'),
        ("at_least = 1", exposed("nan"), 'up{n="0", job="a"} nan, promised at least 1'),
        ("", exposed("nan"), ""),
        ("", exposed(), "there is no sample of up"),
        ("labels = { n = '1' }\nat_least = 2", exposed("1", "2"), ""),
        ("labels = { n = '0', job = 'a' }\nat_least = 1", exposed("1"), ""),
        ("at_least = 9", exposed("1", "2", "3"), 'up{n="0", job="a"} 1, promised at least 9; '
         'up{n="1", job="a"} 2, promised at least 9; up{n="2", job="a"} 3, promised at least 9'),
        ("labels = { n = '1', job = 'b' }", exposed("1", "2"),
         'there is no sample of up{n="1", job="b"}'),
        ("type = 'gauge'", exposed("1"), ""),
        ("type = 'counter'", exposed("1"), "up is declared as gauge, not counter"),
        ("type = 'counter'", exposed("1", types={}), "up is declared as nothing, not counter"),
        ("absent = true", exposed(), ""),
        ("at_least = 2", exposed("1" * 190 + "e-999"), f'up{{n="0", job="a"}} {"1" * 181}, '
         "promised at least 2"),
        ("absent = true", exposed("1", "2", "3", "4"), 'there is up{n="0", job="a"} 1; there is '
         'up{n="1", job="a"} 2; there is up{n="2", job="a"} 3'),
        ("at_least = 9", exposed("1", "2", "3", "4"), 'up{n="0", job="a"} 1, promised at least 9; '
         'up{n="1", job="a"} 2, promised at least 9; up{n="2", job="a"} 3, promised at least 9; '
         "and 1 more of up"),
        ("", exposed(flaw="it is HTML"), "it is HTML"),
        ("", exposed(unread="too long"),
         "cannot tell (upstream): the metrics of http://a/x: too long"),
        ("", answer(), "cannot tell (upstream): the metrics of http://a/x: not looked at"),
    ],
)  # fmt: skip
def test_a_metric(keys: str, found: Answer, expected: str) -> None:
    """Its type, its samples and their values."""
    assert endpoint(f"[[endpoint.x.metrics]]\nname = 'up'\n{keys}", found) == expected


@pytest.mark.parametrize(
    ("name", "types", "expected"),
    [
        ("x_bucket", {"x": "histogram"}, ""),
        ("x_bucket", {"x_bucket": "histogram"}, ""),
        ("x_bucket", {"y": "histogram"}, "x_bucket is declared as nothing, not histogram"),
    ],
)
def test_the_type_of_a_part(name: str, types: dict[str, str], expected: str) -> None:
    """A histogram's samples bear names of their own."""
    samples = (Sample(name=name, labels={}, value="1"),)
    found = answer(metrics=Metrics(samples=samples, types=types))
    keys = f"[[endpoint.x.metrics]]\nname = '{name}'\ntype = 'histogram'"
    assert endpoint(keys, found) == expected


@pytest.mark.parametrize(
    ("keys", "shows"),
    [("", True), ("closed = true", False), ("status = 404", False), ('before = "absent"', False)],
)
def test_what_shows_that_something_is_there(keys: str, shows: bool) -> None:  # noqa: FBT001
    """Any web server says of what is not there that it is not."""
    where = scene({"endpoint.x": f'path = "/x"\n{keys}'})
    assert kinds()["endpoint"].shows(where.contract.promise("endpoint.x"), "predeploy") is shows


def timed(*seconds: float, ended: str = "", strain: float = 0.0) -> Answer:
    """An answer that was timed."""
    timing = Timing(samples_s=seconds, firsts_s=seconds, ended=ended, strain=strain)
    return answer(timing=timing)


def budget(keys: str, found: Any, **rest: Any) -> str:
    """What is said of a budget."""
    items = {"endpoint.x": 'path = "/x"', "budget.x": f'endpoint = "x"\n{keys}'}
    facts = api(found, **rest.pop("facts", {}))
    return told(scene(items, api=facts, **rest), "budget.x")


LATE = "median 2 s of 5, 5 of them over, promised median within 1 s"
STRAINED = (
    "cannot tell: the gate's own machine was overloaded: what could run on it waited 100% of the "
    "time; "
)


@pytest.mark.parametrize(
    ("keys", "found", "expected"),
    [
        ("limit_s = 1", timed(0.5, 0.5, 0.5), ""),
        ("limit_s = 1", timed(2, 2, 2, 2, 2), LATE),
        ("limit_s = 1", timed(2, 2, 2, 2, 2, strain=1.0),
         f"{STRAINED}median 2 s of 5, 5 of them over may be its"),
        ("limit_s = 1", timed(0.5, 0.5, 0.5, strain=1.0), ""),
        ("limit_s = 1", timed(2, 2), "cannot tell: median 2 s of 2, 2 of them over, promised "
         "median within 1 s: that proves neither"),
        ("limit_s = 1", timed(2, 2, ended="late"), "cannot tell: median 2 s of 2, 2 of them over, "
         "promised median within 1 s: that proves neither; the next one: late"),
        ("limit_s = 1", timed(), "cannot tell how long endpoint.x takes: no samples: "),
        ("limit_s = 1", timed(ended="late"),
         "cannot tell how long endpoint.x takes: no samples: late"),
        ("limit_s = 1", answer(),
         "cannot tell how long endpoint.x takes: no samples: it was not timed in this look"),
        ("limit_s = 1", Absent("refused"), "cannot tell how long endpoint.x takes: refused"),
        ("limit_s = 1", answer(status=500), "cannot tell how long endpoint.x takes: it is not "
         "answered as promised: answered 500"),
        ("typical_s = 10", timed(1.1, 1.1, 1.1), ""),
        ("typical_s = 10", timed(1, 1, 1),
         "answers in 1 s, typical are 10 s: is the model asked?"),
        ('typical_s = 10\ntoo_fast = "warn"', timed(1, 1, 1),
         "WARN answers in 1 s, typical are 10 s: is the model asked?"),
        ("typical_s = 10\nlimit_s = 1", timed(0.5, 0.5),
         "answers in 0.5 s, typical are 10 s: is the model asked?"),
        ('typical_s = 10\nlimit_s = 1\ntoo_fast = "warn"', timed(0.5, 0.5),
         "cannot tell: median 0.5 s of 2, promised median within 1 s: that proves neither"),
        ("limit_s = 1", timed(2, 2, 2, 2, 2, strain=0.5), f"{STRAINED.replace('100%', '50%')}"
         "median 2 s of 5, 5 of them over may be its"),
        # More than the load may make of an answer is the target's own.
        ("limit_s = 1", timed(2, 2, 2, 2, 2, strain=0.49), LATE),
        ("limit_s = 1.6", timed(2, 2, 2, 2, 2, strain=0.25), f"{STRAINED.replace('100%', '25%')}"
         "median 2 s of 5, 5 of them over may be its"),
        ("limit_s = 1", timed(2, 2, 2, 2, 2, strain=0.24), LATE),
        ("limit_s = 1", timed(2, 2, ended="late", strain=0.25), "cannot tell: median 2 s of 2, 2 of "
         "them over, promised median within 1 s: that proves neither; the next one: late; "
         f"{STRAINED.replace('100%', '25%').removeprefix('cannot tell: ').removesuffix('; ')}"),
        ("limit_s = 1", timed(2, 2, strain=0.24), "cannot tell: median 2 s of 2, 2 of them over, "
         "promised median within 1 s: that proves neither"),
        ("first_byte_s = 1", timed(0.5, 0.5, 0.5), ""),
        ("at_most_s = 1", timed(0.5, 2, 0.5), "slowest 2 s of 3, promised every one within 1 s"),
    ],
)  # fmt: skip
def test_a_budget(keys: str, found: Any, expected: str) -> None:
    """What the samples prove; where they prove nothing, that is said."""
    said = budget(keys, found)
    if keys.startswith("at_most_s"):
        assert said.startswith("slowest 2 s of 3")
    else:
        assert said == expected


def test_a_budget_that_is_relative() -> None:
    """Only before the deployment there may be nothing to compare with."""
    found = timed(1, 1, 1)
    assert budget("relative = true", found) == ""
    assert budget("relative = true", found, moment="postdeploy").startswith("cannot tell")
    past = {"past": {"budget.x": PastRuns(last=(1.0, 1.0, 1.0), anchor=(1.0, 1.0, 1.0))}}
    assert budget("relative = true", found, facts=past, moment="postdeploy") == ""
    slow = timed(*[9.0] * 10)
    assert "promised" in budget("relative = true", slow, facts=past, moment="postdeploy")


def test_a_budget_is_held_against_the_first_runs_too() -> None:
    """What became slow bit by bit is slow; on a machine that is busier than it was it may be."""
    slow, quick = (4.0, 4.1, 3.9, 4.0, 4.0), (1.0, 1.1, 0.9, 1.0, 1.0)
    found = timed(*[4.0] * 10)
    past = {"past": {"budget.x": PastRuns(last=slow, anchor=quick)}}
    assert "promised no slower" in budget("relative = true", found, facts=past)
    past = {"past": {"budget.x": PastRuns(last=slow, anchor=slow)}}
    assert budget("relative = true", found, facts=past) == ""
    busy = timed(*[1.0] * 3, *[1.6] * 7, strain=0.4)
    past = {"past": {"budget.x": PastRuns(last=quick, anchor=quick)}}
    assert budget("relative = true", busy, facts=past).endswith("may be its")
    past = {"past": {"budget.x": PastRuns(last=quick, anchor=quick, strain=0.0)}}
    assert "look again when it is less busy" in budget("relative = true", busy, facts=past)


@pytest.mark.parametrize(
    ("keys", "found", "words"),
    [
        ("limit_s = 1", timed(0.5, 0.5, 0.5), ("median within 1 s", "median 0.5 s of 3")),
        ("typical_s = 4", timed(0.5, 1, 6), ("typically 4 s", "median 1 s")),
        ("typical_s = 4\nlimit_s = 1", timed(0.5, 0.5, 0.5),
         ("median within 1 s; typically 4 s", "median 0.5 s of 3")),
    ],
)  # fmt: skip
def test_a_budget_in_words(keys: str, found: Any, words: tuple[str, str]) -> None:
    """What was promised beside what was seen."""
    items = {"endpoint.x": 'path = "/x"', "budget.x": f'endpoint = "x"\n{keys}'}
    comes_to = finding(scene(items, api=api(found)), "budget.x")
    assert (comes_to.promised, comes_to.seen) == words


def test_what_a_budget_names() -> None:
    """An endpoint that is promised, and one that is slow at a moment to be asked beside."""
    promises = promised({
        "endpoint.x": 'path = "/x"', "endpoint.slow": 'path = "/slow"\nslow = true',
        "endpoint.later": 'path = "/later"\nafter = { slow = true }', "group.x": 'group = "x"\ngid = 1',
    }).promises  # fmt: skip

    def wrong(**keys: Any) -> list[str]:
        item = Budget(title="t", source="s", at_most_s=1, **keys)
        return list(kinds()["budget"].references(item, promises))

    assert wrong(endpoint="x") == []
    assert wrong(endpoint="x", beside="slow") == []
    assert wrong(endpoint="x", beside="later") == []
    assert wrong(endpoint="z", beside="slow") == [
        "endpoint: there is no item 'endpoint.z' in endpoints.toml"
    ]
    assert wrong(endpoint="x", beside="z") == [
        "beside: there is no item 'endpoint.z' in endpoints.toml"
    ]
    assert wrong(endpoint="slow", beside="x") == [
        "beside: endpoint.x is not slow: say `slow = true` there"
    ]
    group = promises["group.x"].before
    assert list(kinds()["budget"].references(group, promises)) == []


BESIDE = 'at_most_s = 1\nbeside = "slow"'


@pytest.mark.parametrize(
    ("timing", "slow", "expected"),
    [
        (Timing(samples_s=(0.5, 1.0)), answer(), ""),
        (Timing(samples_s=(0.5, 1.1)), answer(),
         "while endpoint.slow ran, it took 1.1 s, promised 1 s at most"),
        (Timing(samples_s=(0.5,), ended="nobody answered"), answer(),
         "while endpoint.slow ran, nobody answered"),
        (Timing(samples_s=(0.5, 1.1), strain=1.0), answer(),
         f"{STRAINED}while endpoint.slow ran, it took 1.1 s, promised 1 s at most"),
        (Timing(samples_s=(0.5,), strain=1.0), answer(), ""),
        (Timing(samples_s=(0.5, 1.1), strain=0.25), answer(), f"{STRAINED.replace('100%', '25%')}"
         "while endpoint.slow ran, it took 1.1 s, promised 1 s at most"),
        (Timing(ended="nobody answered"), answer(), "while endpoint.slow ran, nobody answered"),
        (Timing(ended="nobody answered", strain=1.0), answer(),
         f"{STRAINED}while endpoint.slow ran, nobody answered"),
        (Timing(samples_s=(2.0,), strain=0.5), answer(), f"{STRAINED.replace('100%', '50%')}"
         "while endpoint.slow ran, it took 2 s, promised 1 s at most"),
        (None, answer(), "cannot tell: endpoint.x was not asked while endpoint.slow ran"),
        (Timing(samples_s=(0.5,)), answer(status=500), "cannot tell how endpoint.x answers while "
         "endpoint.slow runs, which is not answered as promised: answered 500"),
    ],
)  # fmt: skip
def test_a_budget_beside_something_slow(timing: Timing | None, slow: Answer, expected: str) -> None:
    """It was asked while that ran, and that did as it should."""
    items = {
        "endpoint.x": 'path = "/x"',
        "endpoint.slow": 'path = "/slow"\nslow = true',
        "budget.x": f'endpoint = "x"\n{BESIDE}',
    }
    kept = {} if timing is None else {beside_key("endpoint.slow", "endpoint.x"): timing}
    facts = ApiFacts(
        base="http://a",
        answers={"endpoint.x": Seen(answer()), "endpoint.slow": Seen(slow)},
        beside=kept,
    )
    assert told(scene(items, api=Seen(facts)), "budget.x") == expected
    if timing is not None and not timing.samples_s:  # nor did it take any time
        less = {**items, "budget.x": items["budget.x"].replace("= 1", "= 0.5")}
        assert told(scene(less, api=Seen(facts)), "budget.x") == expected


def test_all_that_is_wrong_in_front_is_said() -> None:
    """One after the other."""
    keys = 'headers = { A = true }\nhttp_version = "2"\ndays_left = 5'
    assert endpoint(keys, answer(http_version="1.1")) == (
        "there is no header A; spoken in HTTP/1.1, not HTTP/2; no certificate came with it, and 5 "
        "days are promised of one"
    )
