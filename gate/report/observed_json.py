"""``observed.json``: everything that was seen, so that it can be judged again."""

from __future__ import annotations

from collections.abc import Mapping

from gate.report.account import Account

name = "observed"
FILE = "observed.json"


def render(account: Account, already: Mapping[str, bytes]) -> Mapping[str, bytes]:
    """The look's file, where there was one; a replay's is marked, to be taken for no baseline."""
    del already
    observed = account.observed
    if observed is None:
        return {}
    if account.replay is not None:
        bound = observed.bound.model_copy(update={"replayed": True})
        observed = observed.model_copy(update={"bound": bound})
    return {FILE: observed.model_dump_json(indent=1).encode("utf-8", "replace")}
