"""A lending library: its books, out of PostgreSQL, for the proxy on its own host."""

import http.server
import json
import os

import psycopg2

PAGE = "<!doctype html><title>Library</title><h1>Welcome to the library</h1><p>{} books</p>"


class Desk(http.server.BaseHTTPRequestHandler):
    """Answers one reader."""

    def do_GET(self) -> None:
        """Answer with a page, or with JSON."""
        try:
            if self.path == "/":
                self._say(200, "text/html; charset=utf-8", PAGE.format(len(books())))
            elif self.path == "/api/books":
                self._say(200, "application/json", json.dumps({"items": books()}))
            elif self.path == "/health":
                self._say(200, "application/json", json.dumps({"status": "ok"}))
            else:
                self._say(404, "application/json", json.dumps({"detail": "no such page"}))
        except psycopg2.Error:
            self._say(500, "text/html; charset=utf-8", "<h1>Something went wrong</h1>")

    def _say(self, status: int, kind: str, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def books() -> list[str]:
    """Every title, in order."""
    with psycopg2.connect(os.environ["DATABASE_URL"], connect_timeout=3) as session:
        cursor = session.cursor()
        cursor.execute("SELECT title FROM books ORDER BY title")
        return [title for (title,) in cursor.fetchall()]


if __name__ == "__main__":
    place = (os.environ.get("LISTEN", "127.0.0.1"), 8600)
    http.server.ThreadingHTTPServer(place, Desk).serve_forever()
