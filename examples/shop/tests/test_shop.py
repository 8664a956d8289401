"""The team's own test, which the contract promises as ``test.checkout``."""

from __future__ import annotations

import httpx


def test_checkout(gate_api: httpx.Client) -> None:
    """A quote costs what its teas cost; it only reads.

    Args:
        gate_api: A client over the gate's own connection, once the moment is reached.
    """
    teas = {one["sku"]: one["cents"] for one in gate_api.get("/api/products").json()["items"]}
    for sku, cents in teas.items():
        assert quote(gate_api, sku=sku, quantity=3) == 3 * cents
    has_vouchers = gate_api.get("/health").json()["release"] != "1.0"
    with_voucher = quote(gate_api, sku="assam", quantity=10, voucher="TEA10")
    assert with_voucher == 10 * teas["assam"] * (9 if has_vouchers else 10) // 10


def quote(shop: httpx.Client, **query: str | int) -> int:
    """What an order would cost, in cents."""
    cents: int = shop.get("/api/quote", params=query).json()["cents"]
    return cents
