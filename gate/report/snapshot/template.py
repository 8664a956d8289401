"""Templates of the snapshot document: a suite's own beside its contract, and the engine's.

They are Jinja2, a suite's own in a sandbox, and whatever they print is escaped for Markdown unless
it is a finished cell. A name that nobody knows is a mistake, never an empty place.
"""

from __future__ import annotations

import functools
import pathlib
from collections.abc import Mapping
from typing import Any

import jinja2
from jinja2 import nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from gate.errors import ContractError
from gate.report.snapshot.data import NAMES
from gate.report.text import markdown

TEMPLATE = "SNAPSHOT.md.jinja"
"""Name of a suite's own template, in the folder of its contract."""
DEFAULT = pathlib.Path(__file__).with_name("default.md.jinja")


class TemplateError(Exception):
    """A template that cannot be used, or failed; the text names file and line."""


def template_of(folder: pathlib.Path) -> pathlib.Path:
    """The template that a contract's snapshot is written by."""
    own = folder / TEMPLATE
    return own if own.is_file() else DEFAULT


def check_template(folder: pathlib.Path) -> None:
    """Judge the template of a contract's folder, where there is one: syntax, names and filters.

    Raises:
        ContractError: It cannot be read, is no template, or uses a name that nobody knows.
    """
    if template_of(folder) == DEFAULT:
        return
    try:
        _compiled(template_of(folder))
    except TemplateError as error:
        raise ContractError(str(error)) from error


def written(file: pathlib.Path, data: Mapping[str, Any]) -> str:
    """Carry out a template.

    Raises:
        TemplateError: It fails.
    """
    template = _compiled(file)
    try:
        return template.render(data).strip("\n")
    except Exception as error:
        raise TemplateError(f"{file}{_line(file, error)}: {error}") from error


@functools.cache
def _environment(*, own: bool) -> jinja2.Environment:
    """Where a template runs: the engine's own needs nobody to watch whatever it reads."""
    return (jinja2.Environment if own else ImmutableSandboxedEnvironment)(
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        finalize=_escaped,
        cache_size=0,
    )


def _escaped(value: Any) -> Any:
    """Anything as Markdown; what is `Markup` is that already."""
    if isinstance(value, (Markup, jinja2.Undefined)):
        return value
    return Markup(markdown("-" if value is None else str(value)))  # noqa: S704 - escaped


def _compiled(file: pathlib.Path) -> jinja2.Template:
    try:
        return _template(file, file.read_text("utf-8"))
    except jinja2.TemplateSyntaxError as error:
        raise TemplateError(f"{file}:{error.lineno}: {error.message}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise TemplateError(f"{file}: cannot be read: {error}") from error


@functools.lru_cache(8)
def _template(file: pathlib.Path, text: str) -> jinja2.Template:
    """Translated once for the check and for the documents of every moment."""
    environment = _environment(own=file == DEFAULT)
    tree = environment.parse(text)
    _known_names(file, tree)
    code = environment.compile(tree, TEMPLATE, str(file))
    return jinja2.Template.from_code(environment, code, environment.make_globals(None))


def _known_names(file: pathlib.Path, tree: nodes.Template) -> None:
    """Refuse names that are neither given nor set somewhere in the template.

    Raises:
        TemplateError: There is one.
    """
    names = list(tree.find_all(nodes.Name))
    own = {one.name for one in names if one.ctx != "load"}
    own |= {one.name for one in tree.find_all(nodes.Macro)}
    known = (
        NAMES | own | set(_environment(own=False).globals) | {"loop", "caller", "varargs", "kwargs"}
    )
    for one in names:
        if one.name not in known:
            known_here = ", ".join(sorted(NAMES))
            raise TemplateError(f"{file}:{one.lineno}: {one.name!r} is unknown: {known_here}")


def _line(file: pathlib.Path, error: BaseException) -> str:
    """Where in the template it happened, from the traceback that Jinja has mended."""
    line, at = "", error.__traceback__
    while at is not None:
        if at.tb_frame.f_code.co_filename == str(file):
            line = f":{at.tb_lineno}"
        at = at.tb_next
    return line
