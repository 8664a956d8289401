"""A tea shop's web application, release 1.1: as 1.0, and vouchers."""

from __future__ import annotations

import hashlib
import http.server
import json
import os
import pathlib
import secrets
import sqlite3
from urllib.parse import parse_qs, urlsplit

RELEASE = "1.1"
DATA = pathlib.Path(os.environ.get("SHOP_DATA", "/srv/shop/data/shop.sqlite"))
TOKENS: dict[str, str] = {}
CLERKS_ONLY = {
    "/api/orders": "SELECT id, sku, quantity, cents FROM orders",
    "/api/vouchers": "SELECT code, percent FROM vouchers ORDER BY code",
}


class Shop(http.server.BaseHTTPRequestHandler):
    """Answers in JSON; whoever is not known is told so."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer what only reads."""
        url = urlsplit(self.path)
        query = {key: values[-1] for key, values in parse_qs(url.query).items()}
        if url.path == "/health":
            self.answer(200, {"status": "ok", "release": RELEASE})
        elif url.path == "/api/products":
            self.answer(200, {"items": rows("SELECT sku, name, cents FROM products ORDER BY sku")})
        elif url.path == "/api/quote":
            self.quote(query)
        elif url.path in CLERKS_ONLY:
            if self.is_clerk():
                self.answer(200, {"items": rows(CLERKS_ONLY[url.path])})
        else:
            self.answer(404, {"detail": "there is no such page"})

    def do_POST(self) -> None:
        """Answer a login, or take an order."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == "/api/login":
            form = {key: values[-1] for key, values in parse_qs(body.decode()).items()}
            self.log_in(form.get("username", ""), form.get("password", ""))
        elif self.path == "/api/orders" and self.is_clerk():
            self.order(json.loads(body))
        elif self.path != "/api/orders":
            self.answer(404, {"detail": "there is no such page"})

    def log_in(self, user: str, password: str) -> None:
        """Hand out a token to a clerk."""
        found = rows("SELECT salt, digest FROM clerks WHERE name = ?", user)
        if not found or digest(password, found[0]["salt"]) != found[0]["digest"]:
            self.answer(401, {"detail": "wrong name or password"})
            return
        token = secrets.token_urlsafe()
        TOKENS[token] = user
        self.answer(200, {"access_token": token, "token_type": "bearer"})

    def is_clerk(self) -> bool:
        """Whether a clerk asks; whoever else does is answered."""
        known = self.headers.get("Authorization", "").removeprefix("Bearer ") in TOKENS
        if not known:
            self.answer(401, {"detail": "log in first"})
        return known

    def quote(self, query: dict[str, str]) -> None:
        """Say what an order would cost."""
        cents = price(query.get("sku", ""), int(query.get("quantity", "1")))
        percent = rows("SELECT percent FROM vouchers WHERE code = ?", query.get("voucher"))
        cents -= sum(cents * row["percent"] // 100 for row in percent)
        self.answer(*((200, {"cents": cents}) if cents else (404, {"detail": "no such tea"})))

    def order(self, given: dict[str, object]) -> None:
        """Write an order down."""
        sku, quantity = str(given["sku"]), int(str(given["quantity"]))
        cents = price(sku, quantity)
        values = (sku, quantity, cents)
        (row,) = rows(
            "INSERT INTO orders (sku, quantity, cents) VALUES (?, ?, ?) RETURNING id", *values
        )
        self.answer(201, {"id": row["id"], "cents": cents})

    def answer(self, status: int, value: object) -> None:
        """Send JSON."""
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def rows(statement: str, *values: object) -> list[dict[str, object]]:
    """Carry out a statement; its rows by the names of their columns."""
    with sqlite3.connect(DATA) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(statement, values)]


def price(sku: str, quantity: int) -> int:
    """Cents for so many of a tea; 0 where there is no such tea."""
    return quantity * sum(
        row["cents"] for row in rows("SELECT cents FROM products WHERE sku = ?", sku)
    )


def digest(password: str, salt: str) -> str:
    """What is kept of a password."""
    return hashlib.scrypt(password.encode(), salt=salt.encode(), n=1024, r=8, p=1).hex()


if __name__ == "__main__":
    address = ("127.0.0.1", int(os.environ.get("SHOP_PORT", "8080")))
    http.server.ThreadingHTTPServer(address, Shop).serve_forever()
