"""A machine for the tests of this process."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest

from sandbox.machine import boot, needs
from sandbox.machine.error import MachineError
from sandbox.machine.record import Record
from tests.machine.trial import Machine


@pytest.fixture(scope="session")
def boot_machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Machine]]:
    """Boot machines; all are removed at the end."""
    missing = needs.missing()
    if missing:
        pytest.fail("this host cannot boot a machine: " + "; ".join(missing), pytrace=False)
    started: list[Record] = []

    def start(prefix: str) -> Machine:
        try:
            record = boot.up(f"{prefix}-{os.getpid() % 100_000}")
        except MachineError as error:
            pytest.fail(str(error), pytrace=False)
        started.append(record)
        return Machine(record, tmp_path_factory.mktemp(prefix))

    try:
        yield start
    finally:
        for record in started:
            boot.down(record)


@pytest.fixture(scope="session")
def machine(boot_machine: Callable[[str], Machine]) -> Machine:
    """The machine of this run."""
    return boot_machine("test")
