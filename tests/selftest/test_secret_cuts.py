"""A secret exactly where a text is cut: no part of it is told."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator

import pytest

from gate.connection.carrier import Carrier, open_carrier
from gate.kinds.runtime import version_in
from gate.kinds.step import Check, Step
from gate.plan import checks, running, steps
from gate.secrets import known
from gate.sources.api.body import TEXT_LIMIT, read_body
from gate.sources.fact import CannotTell, Seen
from gate.target import Target

SECRET = "Qx7-plover+Zu93_wombat.Kd55"  # noqa: S105 - made up
PART = 6
PARTS = {SECRET[at : at + PART] for at in range(len(SECRET) - PART + 1)}
AT = (1, 9, len(SECRET) // 2, len(SECRET) - 8, len(SECRET) - 1)
"""Where the cut goes through the secret."""


@pytest.fixture(autouse=True)
def knowledge() -> Iterator[None]:
    """The secret is known, and forgotten afterwards."""
    known.begin([SECRET])
    yield
    known.begin([])


@pytest.fixture
def target(tmp_path: pathlib.Path) -> Target:
    """This machine, in a folder."""
    return Target(name="here", title="t", host="local://", prefix=str(tmp_path))


@pytest.fixture
def carrier(target: Target) -> Iterator[Carrier]:
    """The way to it."""
    with open_carrier(target) as found:
        yield found


def shown(text: str) -> set[str]:
    """Parts of the secret that are in a text."""
    return {one for one in PARTS if one in text}


def printing(at: int, rest: str, count: int) -> str:
    """A command that prints the secret so that ``at`` of it stand before the last characters."""
    fill = count - (len(SECRET) - at)
    return f"""printf '%s' 'x {SECRET}'; head -c {fill} /dev/zero | tr '\\0' '{rest}'"""


def step(run: str, **more: object) -> Step:
    """A step."""
    words = {"title": "t", "source": "s", "phase": "deploy", "order": 1, "run": run, **more}
    return Step.model_validate(words)


@pytest.mark.parametrize("at", AT)
@pytest.mark.parametrize(
    ("count", "rest"),
    [(steps.KEPT, "y"), (running.KEPT, "y"), (running.KEPT, "\\r"), (running.KEPT, "\\033")],
    ids=["kept", "brought", "line-breaks", "escapes"],
)
def test_the_output_of_a_step(
    at: int, count: int, rest: str, target: Target, carrier: Carrier
) -> None:
    """Cut on the host, and once more where it is kept."""
    told: list[str] = []
    way = steps.Way(target=target, carrier=carrier, tell=told.append)
    facts = steps.carry_out({"step.a": step(f"{printing(at, rest, count)}; exit 3")}, way)
    fact = facts.steps["step.a"]
    assert isinstance(fact, Seen)
    assert fact.value.exit_status == 3
    assert shown(fact.value.output + " ".join(told)) == set()


@pytest.mark.parametrize("at", AT)
@pytest.mark.parametrize("expect", ["", "never said"])
@pytest.mark.parametrize("status", [0, 3, 127])
def test_what_a_check_of_a_step_says(
    at: int, expect: str, status: int, target: Target, carrier: Carrier
) -> None:
    """Whether it could be told or not."""
    run = f"{printing(at, 'y', checks.SAID)}; exit {status}"
    fact = checks.holds(Check(run=run, expect=expect), step("true"), target, carrier)
    if isinstance(fact, Seen):
        assert shown(fact.value[1]) == set()
    else:
        assert isinstance(fact, CannotTell)
        assert shown(fact.reason.partition("exit status")[2]) == set()


@pytest.mark.parametrize("at", AT)
def test_what_a_command_printed_instead_of_a_version(at: int) -> None:
    """The beginning of its output is told."""
    fact = version_in("y" * (200 - at) + SECRET + " and more", r"v(\d+)")
    assert isinstance(fact, CannotTell)
    assert shown(fact.reason) == set()


@pytest.mark.parametrize("at", AT)
def test_a_long_body(at: int) -> None:
    """It is compared as it is, so only the secret that the cut goes through is taken out."""
    whole = SECRET + "y" * (TEXT_LIMIT - at - len(SECRET))
    body = read_body(f"{whole}{SECRET} and more".encode(), "text/plain; charset=utf-8")
    assert body.cut
    assert body.value == whole


@pytest.mark.parametrize("cut", [known.first, known.last])
@pytest.mark.parametrize("at", AT)
@pytest.mark.parametrize("dsn", [SECRET, f"postgresql://shop:{'unknown' * 5}@db/shop"])
def test_what_is_told_is_cleaned_before_it_is_cut(cut: object, at: int, dsn: str) -> None:
    """Also what only looks like a secret."""
    assert callable(cut)
    text = f"{'y' * (100 - at)} {dsn} {'y' * (100 - len(dsn) + at)}"
    said = cut(text, 100 + 1)
    assert shown(said) == set()
    assert "unknown" not in said
