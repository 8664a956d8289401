"""What a program that the rehearsal starts is given: the named variables, and a bounded voice."""

from __future__ import annotations

import secrets
import shlex
from collections.abc import Iterable, Mapping

from gate.contract.release import PASSED_ON, Environment
from gate.target import Target

VOICE = 64 * 1024
"""Bytes of a program's output that are kept: the last ones."""

LEFT_S, TURN_S = 2.0, 0.02
"""How long who is left in the background may still speak, and how often one looks: seconds."""

# Two pipes with names that are gone at once: what is between them can be ended, and then the last
# of it is told, whoever holds the first one.
CAPPED = """\
pipes=$(mktemp -d) && mkfifo "$pipes/said" "$pipes/heard" || exit 125
exec 7<>"$pipes/said" 5<"$pipes/said" 6>"$pipes/said" 7>&-
exec 7<>"$pipes/heard" 8<"$pipes/heard" 9>"$pipes/heard" 7>&-
rm -rf -- "$pipes"
tail -c {voice} <&8 5<&- 6>&- 9>&- & last=$!
cat <&5 >&9 6>&- 8<&- & between=$!
exec 5<&- 8<&- 9>&-
(
{script}
) >&6 2>&1 6>&- </dev/null
status=$?
exec 6>&-
turn=0
while kill -0 $between 2>/dev/null && [ $turn -lt {turns} ]; do
  sleep {turn}; turn=$((turn + 1))
done
if kill -0 $between 2>/dev/null; then
  left=$(ls -l /proc/[0-9]*/fd/[12] 2>/dev/null |
    sed -n "s|.* /proc/\\([0-9]*\\)/fd/[12] -> .*$pipes/said.*|\\1|p" | sort -u)
  [ -z "$left" ] || kill -9 $left 2>/dev/null
  sleep {turn}; kill $between 2>/dev/null
fi
wait $last
exit $status"""

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

    However much that is, neither the way here nor this process fills up with it. It is over when
    the script is: what that left in the background and holds its voice is ended a moment later.
    """
    return CAPPED.format(script=script, voice=VOICE, turns=int(LEFT_S / TURN_S), turn=f"{TURN_S:g}")
