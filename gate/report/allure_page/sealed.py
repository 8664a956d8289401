"""The page that Allure made, changed so that it asks nobody for anything.

Allure's own asks a service of analytics for a script, whatever one tells it. That is taken out, and
a policy is put in: no address is ever asked, and no script runs but those that the page was built
with, each named by its digest. What a target said stays text in a reader's browser.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re

from gate.errors import GateError

ANALYTICS = re.compile(
    r"\s*<script async src=\"https://www\.googletagmanager\.com/[^\"]*\"></script>"
    r"\s*<script>\s*window\.dataLayer\b.*?</script>",
    re.DOTALL,
)
PROGRAM = re.compile(r"<script\s+src=\"data:text/javascript;base64,([A-Za-z0-9+/=]+)\"></script>")
SCRIPT = re.compile(r"<script[^>]*>(.*?)</script>", re.DOTALL)
SCRIPTS = 6
"""How many there are: whatever is more was brought in by what a target said."""
BEGIN = '<meta charset="utf-8">'
POLICY = (
    ("default-src", "'none'"),
    ("style-src", "'unsafe-inline'"),
    ("img-src", "data: blob:"),
    ("media-src", "data: blob:"),
    ("font-src", "data:"),
    ("connect-src", "data: blob:"),
    ("frame-src", "blob: data:"),
    ("form-action", "'none'"),
)
"""Of everything but scripts: whatever the page shows is in it."""

STYLE = """<style>
      /* In a page from the disk nobody can ask how high a document is: it is scrolled. */
      iframe[title="Markdown attachment"]:not([height]) { height: 75vh; }
      @media (max-width: 700px) {
        [data-testid="test-result-attachment-header"] { flex-wrap: wrap; height: auto; }
        [data-testid="test-result-attachment-header"] > button { flex: 1 0 100%; }
      }
    </style>"""


def sealed(page: str) -> str:
    """Seal a page that Allure built as one file.

    Raises:
        GateError: It is not built as it is known to be, so nothing is promised of it.
    """
    page = page.replace("\r\n", "\n").replace("\r", "\n")
    page, count = ANALYTICS.subn("", page)
    programs = PROGRAM.findall(page)
    if count != 1 or len(programs) != 1 or page.count(BEGIN) != 1:
        raise GateError("Allure's page is not built as expected, so it might ask others: not kept")
    # Behind the data: a program that is quicker than they are shows an empty page.
    body, end, rest = PROGRAM.sub("", page, count=1).rpartition("</body>")
    page = f"{body}<script>{_program(programs[0])}</script>\n{end}{rest}"
    scripts = SCRIPT.findall(page)
    if len(scripts) != SCRIPTS:
        raise GateError(f"Allure's page has {len(scripts)} scripts, not {SCRIPTS}: not kept")
    digests = " ".join(dict.fromkeys(map(_digest, scripts)))
    policy = "; ".join(f"{what} {where}" for what, where in (*POLICY, ("script-src", digests)))
    head = f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    referrer = '<meta name="referrer" content="no-referrer">'
    told = f"{BEGIN}\n    {head}\n    {referrer}\n    {STYLE}"
    return page.replace(BEGIN, told, 1)  # the program has one of its own, behind it


def _program(text: str) -> str:
    """Allure's program as the text of an element: nothing in it ends that element early."""
    try:
        program = base64.b64decode(text, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise GateError(f"Allure's page cannot be read: {error}") from error
    program = program.replace("\r\n", "\n").replace("\r", "\n")
    return re.sub(r"<(?=/script|!--)", r"\\x3c", program, flags=re.IGNORECASE)


def _digest(script: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
