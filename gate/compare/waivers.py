"""Waivers: in date; whether one is still needed is known only when all is accounted for."""

from __future__ import annotations

from gate.contract.kinds import Waiver
from gate.contract.model import Promise
from gate.kinds.finding import Finding
from gate.kinds.scene import Scene


def waiver(promise: Promise, scene: Scene) -> Finding:
    """Compare a waiver's last day with the day of the look (UTC)."""
    item = scene.item(promise, Waiver)
    today = scene.observed.started.date()
    return Finding(
        promised=f"{item.item} is waived until {item.expires} by {item.owner}: {item.reason}",
        seen=f"looked at on {today}",
        broken=(f"expired on {item.expires}; {item.owner} answers for it",)
        if today > item.expires
        else (),
    )
