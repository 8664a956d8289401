"""What a program that the rehearsal starts is given: the named variables, and a bounded voice."""

from __future__ import annotations

import secrets
import shlex
from collections.abc import Iterable, Mapping

from gate.contract.release import PASSED_ON, Environment
from gate.target import Target

VOICE = 64 * 1024
"""Bytes of a program's output that are kept: the last ones."""

# The file is read as systemd reads it and never executed: its lines are no commands.
TAKE = """\
missing={names}
blank=$(printf ' \\t\\r')
while IFS= read -r line || [ -n "$line" ]; do
  line=${{line#"${{line%%[!$blank]*}}"}}; line=${{line#export }}
  case $line in *=*) ;; *) continue ;; esac
  name=${{line%%=*}}
  case {names} in *" $name "*) ;; *) continue ;; esac
  value=${{line#*=}}; value=${{value%"${{value##*[!$blank]}}"}}
  case $value in
    \\'*\\') value=${{value#\\'}}; value=${{value%\\'}} ;;
    \\"*\\") value=${{value#\\"}}; value=${{value%\\"}} ;;
  esac
  export "$name=$value"
  case $missing in *" $name "*) missing="${{missing%%" $name "*}} ${{missing#*" $name "}}" ;; esac
done <{file} || exit 125
case $missing in *[!\\ ]*) echo "the environment file has no"$missing; exit 125 ;; esac
"""


def surrounded(
    environment: Environment,
    target: Target,
    own: Mapping[str, str],
    lines: Iterable[str],
    kept: tuple[str, ...] = (),
) -> str:
    """A shell script that runs lines with the named variables and nothing else.

    Args:
        environment: What the contract names.
        target: Where its file is.
        own: What the rehearsal itself gives, such as the way to the clone.
        lines: What is run.
        kept: What is kept of the environment there beside PATH, HOME and LANG.
    """
    given = {**environment.give, **own}
    words = " ".join(f'${{{name}+"{name}=${name}"}}' for name in (*PASSED_ON, *kept))
    token = f"gate-{secrets.token_hex(8)}"
    return "\n".join(
        [
            f"env -i {words} sh <<'{token}'",
            *([_taken(environment, target)] if environment.file else []),
            *(f"{name}={shlex.quote(value)}; export {name}" for name, value in given.items()),
            *lines,
            token,
        ]
    )


def _taken(environment: Environment, target: Target) -> str:
    names = shlex.quote(f" {'  '.join(environment.take)} ")
    file = shlex.quote(target.placed(environment.file or ""))
    return TAKE.format(names=names, file=file)


def capped(script: str) -> str:
    """A shell script that runs another one and passes on the last of what it says.

    However much that is, neither the way here nor this process fills up with it.
    """
    return (
        f"{{ status=$({{ {{ (\n{script}\n) 2>&1 3>&- 4>&- </dev/null; echo $? >&3; }} "
        f"| tail -c {VOICE} >&4; }} 3>&1); }} 4>&1\nexit ${{status:-125}}"
    )
