"""An item's id may end as a secret setting's name does: what is told of it is no secret."""

from __future__ import annotations

import pytest

from gate.secrets.redactor import Redactor

TITLES = {
    "endpoint.login_wrong_password": ("A wrong password is refused", "Wrong passwords are refused"),
    "query.db_password": ("Nobody has an old password",),
    "passwd.pwd": ("Asked",),
    "passwd.navi": ("Navi has an account",),
    "table.orders": ("Orders are there",),
}
KEPT = (
    "login_wrong_password: cannot tell (unreachable): connection refused",
    "login_wrong_password: cannot be told without a login",
    "endpoint.login_wrong_password: answered 500, not 401",
    "FAIL endpoint.login_wrong_password: A wrong password is refused",
    "FAIL endpoint.login_wrong_password: Wrong passwords are re…",
    "FAIL endpoint.login_wrong_password: Wrong passw... and more",
    "query.db_password: Nobody has an old password",
    "(passwd.pwd: Asked)",
    "query.db_password: it is 4, not 0",
    "endpoint.login_wrong_password: 3 redirections, not one",
    "not carried out: predeploy is not green (endpoint.login_wrong_password: answered 500)",
    "  endpoint: login, login_wrong_password; passwd: navi, root",
    "passwd.navi: the shell is /bin/sh",
)
SECRET = "hunter2"  # noqa: S105 - a value that is looked for
LEAKS = (
    f"password: {SECRET}",
    f"db_password: {SECRET} was taken",
    f"login_wrong_password: {SECRET}",
    f"endpoint.login_wrong_password: {SECRET}",
    f"endpoint.login_wrong_password: {SECRET} and more",
    f"endpoint.login_wrong_password={SECRET}",
    f"endpoint.login_wrong_password = {SECRET} and more",
    f"smtp.password: {SECRET}",
    f"passwd: {SECRET}",
    f"endpoint.other_password: {SECRET} and more",
    f"my.endpoint.login_wrong_password: {SECRET}",
    f'{{"login_wrong_password": "{SECRET} and more"}}',
    f"x-login_wrong_password: {SECRET}",
    f"password: cannot{SECRET}",
    f"query.db_password: {SECRET}…",
    f"query.db_password: Nobody…{SECRET} has an old password",
    f"passwd.pwd: Asked{SECRET} for",
    f"query.db_password: Nobody{SECRET} has an old password",
)
WORDS = (
    "endpoint.other_password: correct horse",
    "password: correct horse",
    "passwd: correct one",
    "query.db_password: swordfish rest of line",
    "query.db_password: correct horse battery",
    "query.db_password: Nobody else",
    "query.db_password: 4711 x",
    "query.db_password: the",
)
"""Settings with a plain word for a value, followed by more: only a reason or a title is told."""


@pytest.mark.parametrize("text", KEPT)
def test_what_is_told_of_an_item_stays(text: str) -> None:
    """Its reason and its title are read whole."""
    assert Redactor(["k3y-of-the-run"], titles=TITLES).clean(text) == text


@pytest.mark.parametrize("text", LEAKS)
def test_a_value_goes_all_the_same(text: str) -> None:
    """Whatever stands before the colon, what is no plain word is taken for a value."""
    assert SECRET not in Redactor([], titles=TITLES).clean(text)


@pytest.mark.parametrize("text", WORDS)
def test_a_plain_word_goes_where_no_item_is_told_of(text: str) -> None:
    """An id that the contract does not have opens nothing, one that it has only what is told."""
    cleaned = Redactor([], titles=TITLES).clean(text)
    assert "[redacted]" in cleaned
    assert text.split()[1] not in cleaned.split()


def test_a_known_secret_goes_from_a_reason_too() -> None:
    """Whatever is exempt from what looks like a secret, the run's own are taken out by value."""
    text = "endpoint.login_wrong_password: wumpus was taken"
    assert "wumpus" not in Redactor(["wumpus"], titles=TITLES).clean(text)
