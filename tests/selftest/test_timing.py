"""What few durations prove: the statistics by themselves, against tables and against chance."""

from __future__ import annotations

import itertools
import math
import pathlib
import random
import statistics

import pytest

from gate.timing import simulation
from gate.timing.change import ANCHOR, LAST, Suspicion, spread, suspicion
from gate.timing.quantile import chance, nearest_rank, needed
from gate.timing.rules import Past, Rules, Word, judged, wanted
from gate.timing.student import critical, tail

PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "reference" / "budgets.md"

# One-sided critical values, as every table of the distribution has them.
STUDENT = {
    (1, 0.05): 6.3138,
    (1, 0.01): 31.8205,
    (2, 0.05): 2.9200,
    (4, 0.01): 3.7469,
    (4, 0.10): 1.5332,
    (6, 0.01): 3.1427,
    (8, 0.01): 2.8965,
    (13, 0.01): 2.6503,
    (13, 0.10): 1.3502,
    (30, 0.025): 2.0423,
    (120, 0.005): 2.6174,
}


@pytest.mark.parametrize(("df", "share"), STUDENT)
def test_student(df: int, share: float) -> None:
    """The distribution is the one in the books, both ways."""
    assert critical(share, df) == pytest.approx(STUDENT[df, share], abs=6e-5)
    assert tail(STUDENT[df, share], df) == pytest.approx(share, rel=2e-4)
    assert tail(-STUDENT[df, share], df) == pytest.approx(1 - share, rel=2e-4)


def test_student_at_its_edges() -> None:
    """Nothing overflows; one half is above nothing; with many degrees it is the normal one."""
    assert tail(0, 7) == pytest.approx(0.5)
    assert tail(1e150, 3) == pytest.approx(0, abs=1e-12)
    assert tail(1.6449, 100_000) == pytest.approx(0.05, abs=1e-4)
    for df, t in itertools.product((1, 2, 3, 50, 1000), (0.01, 0.5, 1, 5, 40)):
        assert 0 <= tail(t, df) <= 0.5


@pytest.mark.parametrize(("share", "count"), [(0.5, 5), (0.9, 29), (0.95, 59), (0.99, 299)])
def test_what_a_percentile_needs(share: float, count: int) -> None:
    """The fewest samples whose largest lies above it 19 times out of 20."""
    assert needed(share) == count
    assert share**count <= 0.05 < share ** (count - 1)


def test_percentiles() -> None:
    """The nearest rank is a sample; how many lie above by chance is the binomial distribution."""
    assert nearest_rank([3, 1, 2], 0.5) == 2
    assert nearest_rank(range(1, 101), 0.95) == 95
    assert chance(0, 59, 0.95) == pytest.approx(1)
    assert chance(1, 59, 0.95) == pytest.approx(1 - 0.95**59)
    assert chance(59, 59, 0.95) == pytest.approx(0.05**59, abs=1e-12)


def test_what_is_expected_of_the_next_run() -> None:
    """The formula, written out: four runs' worth of the prior, and what the runs say themselves."""
    runs = [0.0, 0.1, -0.1]
    mean, error, df = spread(runs)
    s2 = (4 * 0.10**2 + 2 * statistics.variance(runs)) / 6
    assert mean == pytest.approx(0)
    assert df == 6
    assert error == pytest.approx(math.sqrt(s2) * math.sqrt(1 + 1 / 3))
    assert spread([0.0])[1] == pytest.approx(0.10 * math.sqrt(2))


@pytest.mark.parametrize(
    ("slowdown", "runs", "expected"),
    [
        (1.0, 1, Suspicion.NONE),
        (1.5, 1, Suspicion.GREY),
        (1.75, 1, Suspicion.SLOWER),
        (1.10, 10, Suspicion.NONE),
        (1.12, 10, Suspicion.GREY),
        (1.25, 10, Suspicion.SLOWER),
        (0.2, 10, Suspicion.NONE),
    ],
)
def test_suspicion(slowdown: float, runs: int, expected: Suspicion) -> None:
    """One earlier run proves little, ten prove more; what is quicker is no suspect."""
    assert suspicion(math.log(slowdown), [0.0] * runs) is expected


LIMIT = Rules(limit_s=1.0)
OVER, UNDER = 1.2, 0.8


@pytest.mark.parametrize(
    ("values", "word", "wants"),
    [
        ([], Word.OPEN, 3),
        ([UNDER] * 2, Word.OPEN, 3),
        ([UNDER] * 3, Word.HOLDS, 3),
        ([OVER, UNDER, UNDER], Word.HOLDS, 3),
        ([OVER] * 3, Word.OPEN, 10),
        ([OVER, OVER, UNDER], Word.OPEN, 10),
        ([OVER] * 4, Word.OPEN, 10),
        ([OVER] * 5, Word.BROKEN, 5),
        ([OVER] * 4 + [UNDER] * 5, Word.OPEN, 10),
        ([OVER] * 4 + [UNDER] + [OVER] * 5, Word.BROKEN, 10),
        ([OVER] * 4 + [UNDER] * 2 + [OVER] * 4, Word.OPEN, 10),
        ([OVER] * 4 + [UNDER] * 6, Word.HOLDS, 10),
    ],
)
def test_a_limit_for_the_median(values: list[float], word: Word, wants: int) -> None:
    """Three decide where they are clear; 5 of 5 or 9 of 10 break it; between lies neither."""
    (check,) = judged(LIMIT, Past(), values)
    assert check.word is word
    assert wanted(LIMIT, Past(), values) == wants


def test_a_single_answer_proves_no_median() -> None:
    """Of what is sent once only, a limit for every answer can be broken, and a median cannot."""
    once = Rules(limit_s=1.0, samples=1)
    assert judged(once, Past(), [UNDER])[0].word is Word.HOLDS
    assert judged(once, Past(), [OVER])[0].word is Word.OPEN
    assert wanted(once, Past(), [OVER]) == 1
    assert judged(Rules(at_most_s=1.0, samples=1), Past(), [OVER])[0].word is Word.BROKEN


@pytest.mark.parametrize(
    ("count", "over", "word"),
    [
        (58, 0, Word.OPEN),
        (59, 0, Word.HOLDS),
        (59, 2, Word.HOLDS),
        (59, 3, Word.OPEN),
        (59, 6, Word.OPEN),
        (59, 7, Word.BROKEN),
    ],
)
def test_a_limit_for_a_percentile(count: int, over: int, word: Word) -> None:
    """With too few samples it is not told; broken by more above it than chance puts there."""
    rules = Rules(percentiles=((0.95, 1.0),))
    (check,) = judged(rules, Past(), [OVER] * over + [UNDER] * (count - over))
    assert check.word is word
    assert wanted(rules, Past(), [UNDER] * 3) == 59
    assert ("needs 59" in check.seen) is (count < 59)


CHANGED = Rules(relative=True)


@pytest.mark.parametrize(
    ("values", "word", "wants"),
    [
        ([1.0] * 3, Word.HOLDS, 3),
        ([1.12] * 3, Word.OPEN, 10),
        ([1.12] * 10, Word.OPEN, 10),
        ([1.5] * 3, Word.OPEN, 10),
        ([1.5] * 10, Word.BROKEN, 10),
        ([1.5] * 3 + [1.0] * 7, Word.HOLDS, 10),
    ],
)
def test_a_change(values: list[float], word: Word, wants: int) -> None:
    """What looks slower is sampled on to ten, and decided then."""
    past = Past(last=(1.0,) * 10, anchor=(1.0,) * 5)
    (check,) = judged(CHANGED, past, values)
    assert check.word is word
    assert wanted(CHANGED, past, values) == wants


def test_nothing_to_compare_with() -> None:
    """The first run begins a history; after a deployment nothing to compare with is no pass."""
    assert judged(CHANGED, Past(), [1.0] * 3)[0].word is Word.HOLDS
    later = Rules(relative=True, begins=False)
    assert judged(later, Past(), [1.0] * 3)[0].word is Word.OPEN
    assert wanted(later, Past(), [1.0] * 3) == 3


def test_a_difference_that_is_none() -> None:
    """So many seconds are never a change, however many percent they are."""
    past = Past(last=(0.002,) * 10, anchor=(0.002,) * 5)
    assert judged(Rules(relative=True, slack_s=0.05), past, [0.02] * 10)[0].word is Word.HOLDS
    assert judged(Rules(relative=True), past, [0.02] * 10)[0].word is Word.BROKEN


@pytest.mark.parametrize(
    ("past_strain", "strain", "values", "word", "excused"),
    [
        (0.0, 0.0, [1.2] * 10, Word.OPEN, False),
        (0.0, 0.0, [1.5] * 10, Word.BROKEN, False),
        (0.1, 0.4, [1.2] * 10, Word.HOLDS, True),
        (0.1, 0.12, [1.2] * 10, Word.OPEN, False),
        # Waiting for a core makes most answers slow, and not all of them.
        (0.0, 0.5, [1.0] * 3 + [2.5] * 7, Word.HOLDS, True),
        (0.0, 0.5, [1.0] * 2 + [2.5] * 8, Word.BROKEN, False),
        (0.0, 0.0, [1.0] * 3 + [2.5] * 7, Word.BROKEN, False),
        # Half as much again is more than any load excuses, and so is what few answers say.
        (0.0, 0.9, [1.3] * 10, Word.OPEN, False),
        (0.0, 0.9, [1.5] * 10, Word.BROKEN, False),
        (0.0, 0.9, [1.2] * 3, Word.OPEN, False),
        # As busy as it was before explains nothing, nor does what nobody knows of.
        (0.4, 0.4, [1.5] * 10, Word.BROKEN, False),
        (0.6, 0.2, [1.5] * 10, Word.BROKEN, False),
        (None, 0.6, [1.5] * 10, Word.BROKEN, False),
        # What is not slower needs no excuse, and a quiet machine is expected to be no quicker.
        (0.1, 0.4, [1.0] * 10, Word.HOLDS, False),
        (0.6, 0.0, [1.0] * 10, Word.HOLDS, False),
        (0.0, 1.0, [1.2] * 10, Word.HOLDS, True),
    ],
)
def test_a_machine_that_is_busier_than_it_was(
    past_strain: float | None, strain: float, values: list[float], word: Word, *, excused: bool
) -> None:
    """What its load may make of an answer is told, and blocks nothing; what is beyond that does."""
    past = Past(last=(1.0,) * 5, anchor=(1.0,) * 5, strain=past_strain)
    (found,) = judged(Rules(relative=True), past, values, strain=strain)
    assert (found.word, bool(found.excused)) == (word, excused)
    if excused:
        assert f"waited {strain:.0%} of the time, and {past_strain:.0%} in those runs" in (
            found.excused
        )


@pytest.mark.parametrize(
    ("past_strain", "strain", "slowdown", "word"),
    [(0.1, 0.55, 1.9, Word.HOLDS), (0.1, 0.55, 3.5, Word.BROKEN), (0.5, 0.5, 1.9, Word.BROKEN)],
)
def test_all_that_a_load_may_make(
    past_strain: float, strain: float, slowdown: float, word: Word
) -> None:
    """Where the contract says so it is told; twice the load is no excuse for four times as long."""
    past = Past(last=(1.0,) * 5, anchor=(1.0,) * 5, strain=past_strain)
    rules = Rules(relative=True, lenient=True)
    (found,) = judged(rules, past, [slowdown] * 10, strain=strain)
    assert (found.word, bool(found.excused)) == (word, word is Word.HOLDS)


def test_a_clock_that_stood_still() -> None:
    """No duration is no reason to fail."""
    past = Past(last=(0.0,), anchor=(0.0,))
    assert judged(CHANGED, past, [0.0] * 10)[0].word is Word.HOLDS


def test_slow_drift_does_not_ratchet() -> None:
    """One percent more in each run passes no further than the first runs let it."""
    medians = [1.0]
    for number in range(1, 200):
        past = Past(last=tuple(medians[-LAST:]), anchor=tuple(medians[:ANCHOR]))
        (check,) = judged(CHANGED, past, [1.01**number] * 10)
        if check.word is not Word.HOLDS:
            break
        medians.append(1.01**number)
    assert medians[-1] < 1.16


def test_what_runs_longer_is_decided_by_all_of_it() -> None:
    """Whatever comes, sampling ends with what is allowed, and goes on while it may decide."""
    dice = random.Random(4)  # noqa: S311 - no secret
    for _ in range(2000):
        rules = Rules(
            limit_s=dice.choice([None, 1.0]),
            first_byte_s=dice.choice([None, 1.0]),
            at_most_s=dice.choice([None, 1.5]),
            relative=dice.random() < 0.5,
            samples=dice.choice([None, None, 1, 4]),
        )
        past = Past(last=(1.0,) * dice.randrange(4), anchor=(1.0,))
        values: list[float] = []
        while len(values) < wanted(rules, past, values, values):
            values.append(dice.lognormvariate(0, 0.3))
        assert len(values) <= rules.most
        words = [one.word for one in judged(rules, past, values, values)]
        assert Word.OPEN not in words or Word.BROKEN in words or len(values) == rules.most


def test_the_simulation_follows_the_rules() -> None:
    """What is simulated for the table is what is judged."""
    dice = random.Random(11)  # noqa: S311 - no secret
    words = {Suspicion.NONE: Word.HOLDS, Suspicion.GREY: Word.OPEN, Suspicion.SLOWER: Word.BROKEN}
    seen, other = set(), 0
    for _ in range(3000):
        noise, more = dice.choice([0.05, 0.1, 0.2]), math.log(dice.choice([1.0, 1.1, 1.25, 1.5]))
        logs = [noise * dice.gauss(0, 0.6) for _ in range(dice.choice([1, 3, 5, 10]))]
        mine = [dice.gauss(0, 1) for _ in range(10)]
        runs = tuple(math.exp(one) for one in logs)
        past = Past(last=runs[-LAST:], anchor=runs[:ANCHOR])
        values: list[float] = []
        while len(values) < wanted(CHANGED, past, values):
            values.append(math.exp(more + noise * mine[len(values)]))
        expected = words[simulation.run(noise, more, mine, logs)]
        (check,) = judged(CHANGED, past, values)
        other += check.word is not expected
        seen.add(check.word)
    assert other <= 10  # the mean of two logarithms is not quite that of two durations
    assert seen == set(Word)


@pytest.fixture(scope="module")
def shares() -> dict[tuple[float, float, int], tuple[float, float]]:
    """FAIL and INCONCLUSIVE by noise, slowdown and earlier runs: 20,000 runs for each."""
    return {
        (noise, slowdown, count): (failed, grey)
        for noise, slowdown, count, failed, grey in simulation.cells()
    }


def test_the_error_table(shares: dict[tuple[float, float, int], tuple[float, float]]) -> None:
    """Fine runs pass, slow ones do not, the more surely the more runs there are before."""
    for (noise, slowdown, count), (failed, grey) in shares.items():
        if slowdown == 1:
            assert failed <= 0.002
            assert grey <= (0.005 if noise <= 0.1 else 0.06)
        if slowdown == 2:
            assert failed + grey >= 0.99
        if slowdown == 1.5 and noise <= 0.1:
            assert failed + grey >= 0.97
            assert failed >= (0.9 if count >= 3 else 0)
    assert shares[0.05, 1.25, 10][0] > 0.95


def test_the_table_in_the_documents(
    shares: dict[tuple[float, float, int], tuple[float, float]],
) -> None:
    """It is the one that the rule's own code gives."""
    rows = [(*cell, *found) for cell, found in shares.items()]
    assert simulation.table(rows) in PAGE.read_text("utf-8")
