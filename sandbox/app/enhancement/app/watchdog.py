"""The watchdog: asks the API whether it is healthy, once; a timer calls it every minute."""

from __future__ import annotations

import json
import os
import sys
import urllib.error
import urllib.request


def main() -> int:
    """Return 0 where the API says that it is healthy."""
    url = os.environ.get("API_URL", "http://127.0.0.1:8000") + "/api/v1/health"
    try:
        with urllib.request.urlopen(url, timeout=5) as response:  # noqa: S310 - http, ours
            status = json.load(response)["status"]
    except (urllib.error.URLError, OSError, ValueError, KeyError) as error:
        print(f"ERROR {url}: {error}", file=sys.stderr)
        return 1
    print(f"INFO {url}: {status}", file=sys.stderr)
    return 0 if status == "healthy" else 1


if __name__ == "__main__":
    sys.exit(main())
