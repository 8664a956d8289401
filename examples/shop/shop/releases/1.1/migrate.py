"""Brings the shop's data to release 1.1 (``up``), back (``down``), or says where it is."""

from __future__ import annotations

import os
import sqlite3
import sys

UP = """
CREATE TABLE vouchers (code TEXT PRIMARY KEY, percent INTEGER NOT NULL);
INSERT INTO vouchers VALUES ('TEA10', 10);
"""
DOWN = "DROP TABLE vouchers;"


def main(word: str) -> str:
    """Do what is asked; the data is at 1.1 where there are vouchers."""
    with sqlite3.connect(os.environ.get("SHOP_DATA", "data/shop.sqlite")) as connection:
        is_there = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'vouchers'")
        at = "1.1" if is_there.fetchone() else "1.0"
        if word == "status":
            return f"the data is at {at}"
        connection.executescript(UP if word == "up" else DOWN)
    return "1.0 -> 1.1" if word == "up" else "1.1 -> 1.0"


if __name__ == "__main__":
    print(main(sys.argv[1]))
