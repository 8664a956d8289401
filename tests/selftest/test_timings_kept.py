"""The medians of earlier runs: who is kept, who counts, and what a spoilt file comes to."""

from __future__ import annotations

import datetime as dt
import json
import pathlib
import subprocess
import sys

import pytest

from gate.errors import GateError
from gate.run.timings import FILE, FOLDER, SHORTENED_FROM, Median, Timings, add, key_of, read
from gate.sources.api.questions import AskSamples
from gate.target import Target
from gate.timing.change import ANCHOR, LAST
from gate.timing.rules import Rules

NOW = dt.datetime(2026, 2, 13, 15, 30, tzinfo=dt.timezone.utc)
RULES = Rules(relative=True)
ASKED = AskSamples("budget.a", "endpoint.a", RULES, subject=("endpoint.a", "", ""))


def target(**more: object) -> Target:
    """A target."""
    given = {"name": "t", "title": "T", "host": "ssh://hera", "database": {"service": "none"}}
    return Target.model_validate({**given, **more})


def median(number: int, seconds: float, key: str = "k") -> Median:
    """A run's, one per minute."""
    look = NOW - dt.timedelta(days=1) + dt.timedelta(minutes=number)
    return Median(key=key, item="budget.a", look=look, run="r", median_s=seconds, samples=3)


@pytest.fixture
def place(tmp_path: pathlib.Path) -> pathlib.Path:
    """A target's folder of reports."""
    return tmp_path


def file_of(place: pathlib.Path) -> pathlib.Path:
    """What is kept there."""
    return place / FOLDER / FILE


def test_what_is_kept_is_read(place: pathlib.Path) -> None:
    """Each budget's own, the oldest first, in whatever order they came; private."""
    assert read(place, NOW) == {}
    add(place, [median(2, 0.2), median(1, 0.1), median(9, 9.0, "other")], "owner")
    add(place, [median(3, 0.3)], "owner")
    found = read(place, NOW)
    assert [one.median_s for one in found["k"]] == [0.1, 0.2, 0.3]
    assert [one.median_s for one in found["other"]] == [9.0]
    assert file_of(place).stat().st_mode & 0o777 == 0o600


GARBAGE = [
    b"",
    b"{",
    b"\xff\xfe\x00",
    b"[1, 2]",
    b"null",
    b'{"key": "k"}',
    median(1, 5.0).model_dump_json().encode()[:-9],
    median(1, 5.0).model_dump_json().replace("5.0", "-5.0").encode(),
    median(1, 5.0).model_dump_json().replace("5.0", "NaN").encode(),
    median(1, 5.0).model_dump_json().replace("5.0", "1e999").encode(),
    median(1, 5.0).model_dump_json().replace("5.0", '"five"').encode(),
    median(60 * 48, 5.0).model_dump_json().encode(),  # of a day that is yet to come
    b"[" * 100_000,
]


@pytest.mark.parametrize("line", GARBAGE, ids=range(len(GARBAGE)))
def test_a_line_that_is_none_is_no_run(place: pathlib.Path, line: bytes) -> None:
    """Half a line, too: the next one stands by itself."""
    add(place, [median(1, 0.1)], "owner")
    with file_of(place).open("ab") as opened:
        opened.write(line)
    add(place, [median(2, 0.2)], "owner")
    assert [one.median_s for one in read(place, NOW)["k"]] == [0.1, 0.2]


def test_what_is_no_file(place: pathlib.Path) -> None:
    """A link is not followed, neither to read nor to write; a pipe keeps nobody waiting."""
    other = place / "other"
    other.write_bytes(median(1, 0.1).model_dump_json().encode())
    (place / FOLDER).mkdir()
    file_of(place).symlink_to(other)
    assert read(place, NOW) == {}
    with pytest.raises(GateError, match="cannot be written"):
        add(place, [median(2, 0.2)], "owner")
    assert b"\n" not in other.read_bytes()


def test_gates_at_once_lose_nothing(place: pathlib.Path) -> None:
    """Each run's line is there, whole."""
    code = (
        "import sys, pathlib, datetime as dt; from gate.run.timings import Median, add\n"
        "for n in range(25):\n"
        "    look = dt.datetime(2026, 1, int(sys.argv[2]), 0, n, tzinfo=dt.timezone.utc)\n"
        "    add(pathlib.Path(sys.argv[1]), [Median(key='k', item='i', look=look, run='r',\n"
        "        median_s=1, samples=3)], 'owner')\n"
    )
    words = [sys.executable, "-c", code, str(place)]
    root = pathlib.Path(__file__).resolve().parents[2]
    gates = [subprocess.Popen([*words, str(day)], cwd=root) for day in (1, 2, 3)]  # noqa: S603
    assert [one.wait(60) for one in gates] == [0, 0, 0]
    assert len(read(place, NOW)["k"]) == 75


def test_the_file_stays_small(place: pathlib.Path) -> None:
    """The first runs and the newest ones stay, of every budget; the rest goes."""
    add(place, [median(number, 1 + number / 1000) for number in range(1000)], "owner")
    add(place, [median(0, 7.0, "rare")], "owner")
    while (size := file_of(place).stat().st_size) <= SHORTENED_FROM:
        add(place, [median(number, 1 + number / 1000) for number in range(1000)], "owner")
        if file_of(place).stat().st_size < size:
            break
    add(place, [median(1000 - 1, 2.0)], "owner")
    found = read(place, NOW)
    assert [one.median_s for one in found["k"]][:ANCHOR] == [1 + n / 1000 for n in range(ANCHOR)]
    assert found["k"][-1].median_s == 2.0
    assert len(found["k"]) == ANCHOR + LAST
    assert [one.median_s for one in found["rare"]] == [7.0]


def test_the_past_of_a_budget(place: pathlib.Path) -> None:
    """The newest runs, and the first ones."""
    here = target()
    key = key_of(ASKED, here, "")
    add(place, [median(number, 1 + number, key) for number in range(30)], "owner")
    past = Timings(place, here, [], before=None, now=NOW).past(ASKED)
    assert past.last == tuple(1.0 + number for number in range(20, 30))
    assert past.anchor == (1.0, 2.0, 3.0, 4.0, 5.0)


@pytest.mark.parametrize(
    ("changes", "strain"),
    [
        ({}, None),
        ({"host": "local://", "api": {"base": "http://127.0.0.1:9"}}, 0.25),
        ({"host": "local://", "api": {"base": "http://[::1]:9"}}, 0.25),
        ({"host": "local://", "api": {"base": "http://localhost:9"}}, 0.25),
        ({"host": "local://", "api": {"base": "http://10.0.0.7:9"}}, None),
        ({"host": "ssh://hera", "api": {"base": "http://127.0.0.1:9"}}, None),
    ],
)
def test_how_busy_the_machine_was(
    place: pathlib.Path, changes: dict[str, object], strain: float | None
) -> None:
    """It matters where the API is on the gate's own machine; runs that do not tell it count not."""
    here = target(**changes)
    key = key_of(ASKED, here, "")
    told = [median(number, 1.0, key) for number in range(3)]
    strains = (0.2, None, 0.3)
    runs = [
        one.model_copy(update={"strain": strain}) for one, strain in zip(told, strains, strict=True)
    ]
    add(place, runs, "owner")
    found = Timings(place, here, [], before=None, now=NOW).past(ASKED).strain
    assert found == (None if strain is None else pytest.approx(strain))


def test_what_it_is_bound_to() -> None:
    """Another target, host, address, item, request, model or line begins a history of its own."""
    here = target()
    others = [
        key_of(ASKED, target(name="u"), "r"),
        key_of(ASKED, target(host="ssh://zeus"), "r"),
        key_of(ASKED, target(api={"base": "http://hera:9"}), "r"),
        key_of(AskSamples("budget.b", "endpoint.a", RULES, subject=ASKED.subject), here, "r"),
        key_of(ASKED, here, "other"),
        key_of(
            AskSamples("budget.a", "endpoint.a", RULES, subject=("endpoint.a", "m", "")), here, "r"
        ),
        key_of(
            AskSamples("budget.a", "endpoint.a", RULES, subject=("endpoint.a", "", "m")), here, "r"
        ),
    ]
    assert len({key_of(ASKED, here, "r"), *others}) == 8
    assert json.dumps(key_of(ASKED, here, "r"))
