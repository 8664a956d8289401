"""The team's own test, which the contract promises as ``test.checkout``."""

from __future__ import annotations

import functools
import json
import urllib.request

from gate.kinds.scene import Scene


def test_checkout(gate_scene: Scene) -> None:
    """A quote costs what its teas cost; it only reads.

    Args:
        gate_scene: The moment that this run is about; it is reached before the test begins.
    """
    get = functools.partial(answer, gate_scene.target.api.base)
    teas = {one["sku"]: one["cents"] for one in get("/api/products")["items"]}
    for sku, cents in teas.items():
        assert get(f"/api/quote?sku={sku}&quantity=3")["cents"] == 3 * cents
    with_voucher = get("/api/quote?sku=assam&quantity=10&voucher=TEA10")["cents"]
    vouchers = get("/health")["release"] != "1.0"
    assert with_voucher == 10 * teas["assam"] * (9 if vouchers else 10) // 10


def answer(base: str, path: str) -> dict:
    """What the shop answers."""
    with urllib.request.urlopen(base + path, timeout=10) as response:
        return json.load(response)
