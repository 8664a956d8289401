"""What ends the processes that a script, or a program of a contract, leaves behind."""

ALONE = (
    "rc=$?",
    'read -r stat </proc/$$/stat && set -- ${stat##*) } && [ "$2" = "$3" ] && {',
    "  leader=$2 n=0",
    "  while read -r stat </proc/$leader/stat && set -- ${stat##*) } && [ $1 = R ] &&",
    "    [ $n -lt 20000 ]; do n=$((n + 1)); done",
    "  trap '' TERM; kill -s TERM 0; }",
    "exit $rc",
)
"""Ends what a probe's script has left behind: ``timeout`` made a process group of its own for it,
and leads it; where it did not, the group is everybody's, and is let alone. A ``timeout`` that does
not wait yet takes the signal for its own end (coreutils 9.1), and says 143 of what went well."""

OWN = ('"$@" </dev/null', *ALONE)
"""The same around a program of a contract."""
