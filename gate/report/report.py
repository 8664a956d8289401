"""What a report is to the engine: one module, or any object, with a name and a way to render."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from gate.report.account import Account


@runtime_checkable
class Report(Protocol):
    """A form that an account is told in.

    Others add theirs by the entry point group ``gate.reports``, which names a module or an object.
    """

    @property
    def name(self) -> str:
        """What it is called where it fails."""

    def render(self, account: Account, already: Mapping[str, bytes]) -> Mapping[str, bytes]:
        """Tell an account.

        Args:
            account: What is told, without secrets.
            already: The files of the reports before it, finished.

        Returns:
            Its files (UTF-8 where they are text) by name, or by ``folder/name``; none where it has
            nothing to tell of this account. Secrets that are still in them are taken out, and
            control characters.
        """
