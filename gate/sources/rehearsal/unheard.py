"""What a revision's file says, where Alembic is run by a program that no statement is heard from.

A wrapper that is no Python program runs Alembic where nothing of ours is: what `refused` and
`foreign` look for in each statement is looked for in the text of the file. What is put together
from parts that no text shows is found afterwards only.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from typing import Literal

from gate.errors import ObservationError
from gate.sources.migrations.facts import Chain
from gate.sources.rehearsal.inside.foreign import LEADS
from gate.sources.rehearsal.inside.refused import BY_NAME, SHARED, by_name, elsewhere, shared, texts
from gate.sources.rehearsal.stage import Stage

READ_S = 10.0
"""How long reading a file may take, in seconds."""
MAKES = re.compile(r"\b(?:CREATE|ALTER)\s+(?:SERVER|FOREIGN)\b|\bIMPORT\s+FOREIGN\b", re.IGNORECASE)
"""A foreign server, or a table of one: nobody keeps these sessions from what it leads to."""


def unheard(stage: Stage, chain: Chain, revision: str) -> str:
    """Why a revision is not tried on the clone; empty where its text says nothing against it.

    Args:
        stage: Knows the clone, and whether the live database is on its server.
        chain: The revisions, as their files were read.
        revision: Which one.

    Raises:
        ObservationError: Its file cannot be read.
    """

    def ask(query: str) -> object:
        return (stage.connection.execute(query.encode()).fetchone() or (None,))[0]

    source = _read(stage, chain, revision)
    live = stage.clone.live.there["dbname"]
    return against(source, revision, live, stage.clone.beside_live and ask)


def against(
    source: str, revision: str, live: str, ask: Callable[[str], object] | Literal[False]
) -> str:
    """What stands in a revision's file that a clone is no place for: a sentence of the revision.

    Args:
        source: The file.
        revision: Which one it is.
        live: Name of the live database.
        ask: Answers a query with its one value, where the live database is on the same server.

    Raises:
        ObservationError: It is no Python.
    """
    try:
        found = texts(source)
    except (SyntaxError, ValueError) as error:
        raise ObservationError(f"a revision's file cannot be read: {error}") from error
    for text in found:
        if by_name(text, live):
            return BY_NAME % (revision, live)
        if MAKES.search(text):
            return LEADS % revision
        why = elsewhere(text, revision)
        what = shared(text, ask, "") if ask else ""
        if why or what:
            return why or SHARED % (revision, what)
    return ""


def _read(stage: Stage, chain: Chain, revision: str) -> str:
    found = chain.revisions[revision].file if revision in chain.revisions else ""
    folder = shlex.quote(stage.target.placed(chain.folder))
    script = f"find -L {folder} -name {shlex.quote(found)} -type f -exec cat {{}} +"
    text = stage.carrier.run(script, deadline_s=READ_S).stdout.decode("utf-8", "replace")
    if not text.strip():
        raise ObservationError(f"{revision}: its file {found or 'is not known'} cannot be read")
    return text
