"""A file or a folder that is changed, replaced or taken away; the old one is kept beside."""

from __future__ import annotations

import shlex
from typing import Literal

from gate.drill.fault import Text
from gate.drill.injection import Injector, Scripts, kept, placed, taken
from gate.rule import Both, Filled, Has, Is, Rule, Some
from gate.target import Target
from gate.toml import Strict

NEEDS = {"write": "text", "append": "text", "mode": "mode", "link": "to", "edit": "sed"}


class File(Strict):
    """A path, and what is done to it.

    Attributes:
        path: Of the contract: the target's prefix is put before it.
        act: ``remove``, ``write`` (another content), ``append``, ``edit``, ``mode``, ``link`` (a
            symbolic link in its place), ``touch`` (changed now) or ``add`` (there was nothing).
        text: What is written or appended.
        sed: With ``edit``: a command of sed.
        mode: With ``mode``: as chmod takes it.
        to: With ``link``: where it leads.
        then: Script that is run after it was done, and after it was undone (a reload).
    """

    path: Text
    act: Literal["remove", "write", "append", "edit", "mode", "link", "touch", "add"]
    text: str = ""
    sed: str = ""
    mode: str = ""
    to: str = ""
    then: str = ""

    RULES = (
        Rule(Both(Filled("sed"), Is("act", "edit")), 'sed and act = "edit" go together'),
        Rule(Both(Filled("mode"), Is("act", "mode")), 'mode and act = "mode" go together'),
        Rule(Both(Filled("to"), Is("act", "link")), 'to and act = "link" go together'),
        Rule(
            Both(
                Filled("text"),
                Some(Is("act", "write"), Is("act", "append"), Is("act", "add")),
            ),
            'text goes with act = "write", "append" or "add"',
        ),
        Rule(Has("path"), "needs path"),
    )


def _scripts(given: File, target: Target) -> Scripts:
    del target
    path, text = placed(given.path), shlex.quote(given.text)
    keep, take = kept(path), taken(path)
    # In a second step: the old one stays where it is until the new one is whole.
    put = f'printf %s {text} >"$KEPT/new"; chmod --reference={path} "$KEPT/new"'
    own = f'chown --reference={path} "$KEPT/new" 2>/dev/null || :'
    do = {
        "remove": take,
        "write": f'{keep}; {put}; {own}; mv -T -- "$KEPT/new" {path}',
        "append": f"{keep}; printf %s {text} >>{path}",
        "edit": f"{keep}; sed -i {shlex.quote(given.sed)} {path}",
        "mode": f'stat -c %a -- {path} >"$KEPT/mode"; chmod {shlex.quote(given.mode)} {path}',
        "link": f"{take}; ln -s {shlex.quote(given.to)} {path}",
        "touch": f"{keep}; touch {path}",
        "add": f'[ ! -e {path} ]; touch "$KEPT/none"; printf %s {text} >{path}',
    }[given.act]
    ready = {
        "remove": f"[ ! -e {path} ] && [ ! -L {path} ]",
        "mode": f'[ "$(stat -c %a -- {path})" != "$(cat "$KEPT/mode")" ]',
        "link": f"[ -L {path} ]",
        "touch": f'[ {path} -nt "$KEPT/old" ]',
        "add": f"[ -e {path} ]",
    }.get(given.act, f'! cmp -s {path} "$KEPT/old"')
    # Two zeros more: without them chmod keeps a folder's set-group-ID bit.
    back = f'if [ -e "$KEPT/old" ] || [ -L "$KEPT/old" ]; then rm -rf -- {path}; '
    undo = {
        "mode": f'[ ! -s "$KEPT/mode" ] || chmod "00$(cat "$KEPT/mode")" {path}',
        "add": f'[ ! -e "$KEPT/none" ] || rm -f -- {path}',
    }.get(given.act, back + f'mv -T -- "$KEPT/old" {path}; fi')
    then = f"\n{given.then}" if given.then else ""
    # What could not be put back stays where it is kept, whatever comes behind it.
    return Scripts(do=do + then, ready=ready, undo=f"{{ {undo}; }} || exit 1{then}")


INJECTOR = Injector(name="file", model=File, scripts=_scripts)
