"""A program that stands in the way of another one: it lies, hangs, floods or is not there."""

from __future__ import annotations

import shlex

from gate.drill.fault import Text
from gate.drill.injection import Injector, Scripts, taken
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
    take = taken('"$file"', "tool") + '; true="$KEPT/tool"'
    where = 'printf %s "$file" >"$KEPT/where"'
    if target.path:  # folders of its own stand before PATH: nothing of the host is touched
        found = (
            f'file={shlex.quote(target.path[0])}/{name}; {where}; if [ -e "$file" ]; then {take}; '
            f'else touch "$KEPT/none"; true=$(command -v {name} || :); fi'
        )
        # Without a script it must not be found further on either.
        script = given.script if given.script is not None else "exit 127"
    else:
        found = f'file=$(readlink -f "$(command -v {name})"); {where}; {take}'
        script = given.script if given.script is not None else ""
    write = (
        f'{{ echo "#!/bin/sh"; printf "TOOL=%s\\nPREFIX=%s\\n" "\'$true\'" '
        f"\"'$PREFIX'\"; printf %s {shlex.quote(script)}; "
        'echo; } >"$file"; chmod 755 "$file"'
    )
    make = write if script else ":"
    return Scripts(
        do=f"{found}; {make}",
        ready='file=$(cat "$KEPT/where"); '
        + ('grep -q "^TOOL=" "$file"' if script else '[ ! -e "$file" ]'),
        undo='file=$(cat "$KEPT/where" 2>/dev/null); if [ -e "$KEPT/tool" ]; then '
        'rm -f -- "$file"; mv -T -- "$KEPT/tool" "$file"; '
        'elif [ -e "$KEPT/none" ]; then rm -f -- "$file"; fi',
    )


INJECTOR = Injector(name="tool", model=Tool, scripts=_scripts)
