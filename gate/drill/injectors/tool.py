"""A program that stands in the way of another one: it lies, hangs, floods or is not there."""

from __future__ import annotations

import shlex

from gate.drill.fault import Text
from gate.drill.injection import Injector, Scripts
from gate.target import Target
from gate.toml import Strict


class Tool(Strict):
    """What is run in place of a tool.

    Attributes:
        tool: Its name.
        script: Shell; the true one is ``"$TOOL"``, and before the host's paths stands ``$PREFIX``.
            Left out, there is no such tool.
    """

    tool: Text
    script: str | None = None


def _scripts(given: Tool, target: Target) -> Scripts:
    name = shlex.quote(given.tool)
    if target.path:  # folders of its own stand before PATH: nothing of the host is touched
        place = f"{shlex.quote(target.path[0])}/{name}"
        found = (
            f'file={place}; if [ -e "$file" ]; then mv -- "$file" "$KEPT/tool"; '
            f'true="$KEPT/tool"; else true=$(command -v {name}); fi'
        )
        # Without a script it must not be found further on either.
        script = given.script if given.script is not None else "exit 127"
    else:
        found = f'file=$(readlink -f "$(command -v {name})"); mv -- "$file" "$KEPT/tool"; '
        found += 'true="$KEPT/tool"'
        script = given.script if given.script is not None else ""
    write = (
        f'{{ echo "#!/bin/sh"; printf "TOOL=%s\\nPREFIX=%s\\n" "\'$true\'" '
        f"\"'$PREFIX'\"; printf %s {shlex.quote(script)}; "
        'echo; } >"$file"; chmod 755 "$file"'
    )
    make = write if script else ":"
    return Scripts(
        do=f'{found}; printf %s "$file" >"$KEPT/where"; {make}',
        ready='file=$(cat "$KEPT/where"); '
        + ('grep -q "^TOOL=" "$file"' if script else '[ ! -e "$file" ]'),
        undo='if [ -s "$KEPT/where" ]; then file=$(cat "$KEPT/where"); rm -f -- "$file"; '
        '[ ! -e "$KEPT/tool" ] || mv -- "$KEPT/tool" "$file"; fi',
    )


INJECTOR = Injector(name="tool", model=Tool, scripts=_scripts)
