"""report.html: self-contained, one script by its digest, and every item in it as it is."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from html.parser import HTMLParser

from gate.account.verdict import Outcome, Result
from gate.report.account import Account
from gate.report.html import page
from gate.report.html.document import to_html
from gate.report.html.script import SCRIPT
from gate.report.html.style import STYLE
from gate.report.snapshot import document
from gate.report.text import printable

VOID = {"meta", "input", "br", "hr"}


class Page(HTMLParser):
    """Collects ids, links and texts, and proves that tags are closed in order."""

    def __init__(self, text: str) -> None:
        """Read a page."""
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag's id and where it leads."""
        if tag not in VOID:
            self.open.append(tag)
        self.ids += [value for key, value in attrs if key == "id" and value]
        self.links += [value for key, value in attrs if key in ("href", "src", "action") and value]

    def handle_endtag(self, tag: str) -> None:
        """Close the tag that was opened last."""
        assert self.open.pop() == tag


def page_of(account: Account, diff: str = "") -> str:
    """The page of an account."""
    documents = [("snapshot", "Snapshot document", document(account))]
    documents += [("diff", "What changed since before", diff)] if diff else []
    return page(account, documents)


def test_is_well_formed_and_every_link_leads_somewhere(told: Callable[..., Account]) -> None:
    """Tags are closed, ids are unique, and every link is an id of the page."""
    account = told(results={"service.api": Result(outcome=Outcome.FAIL), "port.api": None})
    page = Page(page_of(account, "# STATE_DIFF.md - x\n"))
    assert page.open == []
    assert len(page.ids) == len(set(page.ids))
    assert {link.removeprefix("#") for link in page.links} <= set(page.ids)


def test_has_every_item(told: Callable[..., Account]) -> None:
    """Each line of the verdict is an element of its own, whatever its outcome."""
    account = told(results={"port.api": None})
    assert {line.id for line in account.verdict.lines} <= set(Page(page_of(account)).ids)


def test_asks_nobody_for_anything(told: Callable[..., Account]) -> None:
    """One script and one style sheet, the page's own by digest; whatever else is forbidden."""
    text = page_of(told())
    assert re.findall(r"<script[^>]*>(.*?)</script", text, re.DOTALL) == [SCRIPT]
    assert re.findall(r"<style[^>]*>(.*?)</style", text, re.DOTALL) == [STYLE]
    assert not re.search(r"(?:src|href)=\"(?!#)|url\(|@import| style=| on[a-z]+=", text)
    policy = re.findall(r'Content-Security-Policy" content="([^"]*)"', text)
    digests = {hashlib.sha256(one.encode()).digest() for one in (SCRIPT, STYLE)}
    named = {base64.b64decode(one) for one in re.findall(r"'sha256-([^']+)'", policy[0])}
    assert named == digests
    assert "default-src 'none'" in policy[0]
    assert "unsafe" not in policy[0]


def test_the_script_holds_nothing_that_a_redactor_or_a_parser_would_change() -> None:
    """ASCII, no control characters, and no end of a script within it."""
    for text in (SCRIPT, STYLE):
        assert text.isascii()
        assert printable(text) == text
        assert "</" not in text
        assert "<!--" not in text
    assert "innerHTML" not in SCRIPT


def test_shows_what_a_target_says_as_text(told: Callable[..., Account]) -> None:
    """Markup in a target's words is shown, not interpreted."""
    nasty = "<script>alert(1)</script> \"quoted\" & 'so' \x1b[1m"
    broken = Result(outcome=Outcome.FAIL, promised=nasty, seen=nasty, reason=nasty, look=nasty)
    text = page_of(told(results={"service.api": broken}))
    assert text.count("<script") == 1
    assert "\x1b" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &quot;quoted&quot; &amp; &#x27;so&#x27;" in text


def test_filters_only_by_outcomes_that_there_are(told: Callable[..., Account]) -> None:
    """A button per outcome with its count, and a rule for it."""
    text = page_of(told(results={"service.api": Result(outcome=Outcome.FAIL)}))
    assert re.findall(r'for="show-(\w+)"[^>]*>([^<]+)<', text.split("</style>")[1]) == [
        ("all", "All 47"),
        ("fail", "FAIL 1"),
        ("pass", "PASS 46"),
    ]
    assert "#show-fail:checked~.chapter .item:not(.fail){display:none}" in text


def test_a_common_reason_stands_once_above_the_items(told: Callable[..., Account]) -> None:
    """What cannot be told for one reason is one box that links to the items."""
    unknown = Result(outcome=Outcome.INCONCLUSIVE, reason="cannot tell (timeout): no answer")
    text = page_of(told(results={"table.users": unknown, "table.tickets": unknown}))
    boxes = text.split("Needs attention")[1].split("</section>")[0]
    assert boxes.count("timeout: no answer") == 1
    assert '<a href="#table.users">table.users</a>' in boxes


def test_no_news_is_no_section(told: Callable[..., Account]) -> None:
    """A good run has nothing that needs attention."""
    assert "Needs attention" not in page_of(told())


def test_a_document_becomes_html() -> None:
    """Headings, rules, tables with escaped bars, lists, numbers, bold, italics; tags are text."""
    text = (
        "# T\n\n**A:** b\n**C:** d\n\n---\n\n| H | I |\n|---|---|\n| a \\| b | \\<x\\> |\n\n"
        "- one\n- \\*two\n\n1. first\n2. second\n\n*end* <b>\n"
    )
    head = '<tr><th scope="col">H</th><th scope="col">I</th></tr>'
    row = "<tr><td>a | b</td><td>&lt;x&gt;</td></tr>"
    assert to_html(text).splitlines() == [
        "<h3>T</h3>",
        "<p><strong>A:</strong> b<br><strong>C:</strong> d</p>",
        "<hr>",
        f"<table><thead>{head}</thead><tbody>{row}</tbody></table>",
        "<ul><li>one</li><li>*two</li></ul>",
        "<ol><li>first</li><li>second</li></ol>",
        "<p><em>end</em> &lt;b&gt;</p>",
    ]
