"""The gate's own Markdown documents as HTML: headings, tables, lists, rules, bold, italics."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import escape

DEEPER = 2
"""A document's title stands two levels below the page's."""
DEEPEST = 6


def to_html(text: str) -> str:
    """Turn a document into HTML; everything that is no markup of ours is shown as text."""
    return "\n".join(_blocks(text.splitlines()))


def _blocks(lines: list[str]) -> Iterator[str]:
    at = 0
    while at < len(lines):
        line = lines[at]
        end = at + 1
        kind = _kind(line)
        if kind in BLOCKS:
            while end < len(lines) and _kind(lines[end]) == kind:
                end += 1
            yield BLOCKS[kind](lines[at:end])
        elif kind == "heading":
            marks, words = line.split(" ", 1)
            level = min(DEEPEST, len(marks) + DEEPER)
            yield f"<h{level}>{_inline(words)}</h{level}>"
        elif kind == "rule":
            yield "<hr>"
        at = end


def _kind(line: str) -> str:
    if not line.strip():
        return ""
    for kind, pattern in (
        ("rule", r"---\Z"),
        ("heading", r"#+ "),
        ("table", r"\|"),
        ("list", r"- "),
        ("numbers", r"\d+\. "),
    ):
        if re.match(pattern, line):
            return kind
    return "text"


def _table(lines: list[str]) -> str:
    head, _rule, *rows = (re.split(r"(?<!\\)\|", line.strip()[1:-1]) for line in lines)
    heads = "".join(f'<th scope="col">{_inline(cell.strip())}</th>' for cell in head)
    body = "".join(
        f"<tr>{''.join(f'<td>{_inline(cell.strip())}</td>' for cell in row)}</tr>" for row in rows
    )
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"


def _list(lines: list[str]) -> str:
    return f"<ul>{''.join(f'<li>{_inline(line[2:])}</li>' for line in lines)}</ul>"


def _numbers(lines: list[str]) -> str:
    items = (line.split(". ", 1)[1] for line in lines)
    return f"<ol>{''.join(f'<li>{_inline(item)}</li>' for item in items)}</ol>"


def _text(lines: list[str]) -> str:
    return f"<p>{'<br>'.join(_inline(line) for line in lines)}</p>"


BLOCKS: dict[str, Callable[[list[str]], str]] = {
    "table": _table,
    "list": _list,
    "numbers": _numbers,
    "text": _text,
}


def _inline(text: str) -> str:
    """Bold and italics, then escapes: a backslash before a mark of Markdown is taken away."""
    html = escape(text)
    html = re.sub(r"(?<!\\)\*\*(.+?)(?<!\\)\*\*", r"<strong>\1</strong>", html)
    html = re.sub(r"(?<![\\*])\*([^*]+?)(?<!\\)\*", r"<em>\1</em>", html)
    # What was escaped as \< has become \&lt; by now.
    return re.sub(r"\\([\\`*\[\]|]|&lt;|&gt;)", r"\1", html)
