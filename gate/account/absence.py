"""What a verdict is worth: promises that an empty host would keep as well show nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from gate.contract.item import Moment
from gate.contract.model import Promise
from gate.kinds.registry import kinds


def warnings(
    promises: Iterable[Promise], waived: Collection[str], moment: Moment
) -> tuple[str, ...]:
    """What is odd about everything that a moment promises, taken together.

    Args:
        promises: What the contract promises at this moment.
        waived: Ids of the items that are broken, and excused.
        moment: The moment.

    Returns:
        One sentence where no promise says that something is there, so that the wrong host, or an
        empty one, would keep them all; or where all that do say so are waived.
    """
    asked = list(promises)
    showing = [one.id for one in asked if kinds()[one.kind].shows(one, moment)]
    if asked and not showing:
        nothing = f"at {moment} nothing is promised to be there: an empty host would keep it all"
        return (f"{nothing}; promise something that must be seen",)
    if showing and all(id_ in waived for id_ in showing):
        return (f"at {moment} everything that is promised to be there is waived",)
    return ()
