"""Read what an answer exposes as metrics, in Prometheus text or OpenMetrics."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from gate.secrets import known
from gate.sources.api.facts import Metrics, Sample

LONGEST, WHOLE = 8 * 1024, 128 * 1024
"""Characters of a line, and of all lines together that speak of what is asked for: the parser takes
some microseconds for each."""
KEPT = 1000
"""So many samples are kept."""
OPEN = "application/openmetrics-text"
SUFFIXES = ("_total", "_created", "_bucket", "_gsum", "_gcount", "_sum", "_count", "_info")
NAME = re.compile(r"\s*(?:\{\s*\"((?:[^\"\\]|\\.){1,500})\"|([^\s{#]{1,500}))")
COMMENT = re.compile(r"#\s+(?:HELP|TYPE|UNIT)\s+(?:\"((?:[^\"\\]|\\.){1,500})\"|(\S{1,500}))")
COMMENTS = re.compile(r"^#[ \t]+(?:HELP|TYPE)[ \t]", re.MULTILINE)


def is_exposed(text: str, content_type: str) -> bool:
    """Whether a text is an exposition of metrics, so that its comment lines state nothing."""
    if content_type == OPEN:
        return True
    return content_type in ("text/plain", "") and COMMENTS.search(text) is not None


def without_comments(text: str) -> str:
    """An exposition without its comment lines."""
    return "".join(one for one in text.splitlines(keepends=True) if not one.startswith("#"))


def read(text: str, content_type: str, names: Iterable[str]) -> Metrics:
    """Read the samples and types of some metrics.

    Args:
        text: The exposition.
        content_type: Its media type, without parameters.
        names: Names of the samples, or of their families.

    Returns:
        What is exposed of them; it raises for no input.
    """
    is_open = content_type == OPEN
    if is_open and not text.rstrip("\n").endswith("# EOF"):
        return Metrics(flaw="it does not end with # EOF: it was cut off")
    wanted = {family(one) for one in names} | {*names}
    lines, left = [], WHOLE
    for line in _of(text, wanted):
        if len(line) > LONGEST:
            return Metrics(unread=f"one of its lines is longer than {LONGEST:,} characters")
        left -= len(line)
        if left < 0:
            return Metrics(unread=f"more than {WHOLE:,} characters speak of what is promised")
        lines.append(line)
    return _parsed("\n".join(lines) + "\n", is_open=is_open)


def family(name: str) -> str:
    """The name of a sample's family."""
    suffix = next((one for one in SUFFIXES if name.endswith(one)), "")
    return name.removesuffix(suffix) if suffix else name


def _of(text: str, wanted: set[str]) -> Iterator[str]:
    """The lines that speak of some families."""
    for line in text.splitlines():
        found = (COMMENT if line.startswith("#") else NAME).match(line)
        name = (found[1] or found[2]) if found else ""
        if name and (name in wanted or family(name) in wanted):
            yield line


def _parsed(text: str, *, is_open: bool) -> Metrics:
    from prometheus_client import parser  # noqa: PLC0415 - where no metric is promised
    from prometheus_client.openmetrics import parser as open_parser  # noqa: PLC0415

    samples: list[Sample] = []
    types: dict[str, str] = {}
    try:
        found = (
            open_parser.text_string_to_metric_families(text + "# EOF\n")  # type: ignore[no-untyped-call]
            if is_open
            else parser.text_string_to_metric_families(text)
        )
        for one in found:
            types[one.name] = one.type
            for sample in one.samples:
                if len(samples) == KEPT:
                    return Metrics(unread=f"more than {KEPT:,} samples of what is promised")
                samples.append(
                    Sample(name=sample.name, labels=dict(sample.labels), value=repr(sample.value))
                )
    except Exception as error:  # noqa: BLE001 - the parser raises whatever it stumbles over
        said = known.first(str(error), 160) or type(error).__name__
        return Metrics(flaw=f"it is no exposition of metrics: {said}")
    return Metrics(samples=tuple(samples), types=types)
