"""Every error that the gate raises on purpose, and the exit status it leads to."""

from __future__ import annotations


class GateError(Exception):
    """Base of all: its text is one complete message for the person who deploys."""


class ContractError(GateError):
    """The contract is wrong; the target was not looked at. Exit status 4."""


class TargetError(GateError):
    """The target file, or an option that chooses it, is wrong. Exit status 4."""


class ObservationError(GateError):
    """A fact could not be read, so nothing is known about the promise. Exit status 10.

    Deliberately not an `AssertionError`: pytest, Allure and the ledger tell "could not
    look" (broken, INCONCLUSIVE) from "looked, and it is wrong" (failed, FAIL) by it.
    """


class JudgedElsewhereError(ObservationError):
    """The promise is accounted for by another program, such as pytest for a team's own tests."""
