"""A mistake in how a command is written ends as pytest's own usage errors do."""

from __future__ import annotations

import pytest

from gate.command_line import MISTAKE, main


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "name a command"),
        (["chek"], "invalid choice: 'chek'"),
        (["--nonsense"], "unrecognized arguments: --nonsense"),
        (["check"], "arguments are required: MOMENT"),
        (["check", "nowhere"], "invalid choice: 'nowhere'"),
        (["check", "predeploy", "--nonsense"], "unrecognized arguments: --nonsense"),
        (["check", "predeploy", "--target"], "expected one argument"),
        (["record", "everything"], "invalid choice: 'everything'"),
        (["drill", "--jobs", "many"], "invalid"),
        (["verify"], "required"),
    ],
)
def test_a_mistake_in_the_words(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Said on standard error with how it is used, and no sign of an interruption (2)."""
    with pytest.raises(SystemExit) as ended:
        main(words)
    told = capsys.readouterr()
    assert (ended.value.code, told.out) == (MISTAKE, "")
    assert said in told.err
    assert told.err.startswith("usage: gate")


def test_help_is_no_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    """It ends with 0."""
    with pytest.raises(SystemExit) as ended:
        main(["check", "--help"])
    assert ended.value.code == 0
    assert "MOMENT" in capsys.readouterr().out
