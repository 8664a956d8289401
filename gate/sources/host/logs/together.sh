# The journal of several units by one journalctl: functions for the shell of
# `gate.sources.host.logs.probe`, beside those of `logs.sh`.
#
# What is told so is what each of them would have been told by itself, in the form that `each` has.
# Where anything is odd, nothing is told, and each is asked by itself. Set before: newest, most,
# mark and already (of `each`), joint_s (how long one journalctl may take for several).

waiting=
# log NUMBER AT SINCE SIEVE WORD: one of them, by its number, and its unit's place.
log() {
  eval "at_$1=\$2 since_$1=\$3 sieve_$1=\$4 word_$1=\$5"
  waiting="$waiting $1"
}
# together: those whose periods are alike, in a few groups; where one fails, the others wait for
# their own turn. Nothing where journalctl would have to be asked of each for what is wrong.
together() {
  [ -n "$units" ] && [ -z "$closed" ] || return 0
  fit=
  for one in $waiting; do
    eval "at=\$at_$one since=\$since_$one"
    eval "began=\$began_$at id=\$id_$at"
    case $id in '' | -* | *[!A-Za-z0-9:_.@-]* | *.slice) continue ;; esac
    case $dropped in *" from $id"*) continue ;; esac
    period "$since" >/dev/null
    case $from in '' | 0* | *[!0-9]*) continue ;; esac
    eval "from_$one=\$from"
    fit="$fit $one"
  done
  for group in 1 2 3 4; do
    least=
    for one in $fit; do
      eval "from=\$from_$one"
      [ -n "$least" ] && [ "$from" -ge "$least" ] || least=$from
    done
    [ -n "$least" ] || return 0
    members= others=
    for one in $fit; do
      eval "from=\$from_$one"
      # At most twice as much is read for the youngest as it needs, or a minute more.
      if [ $((from - least)) -le 60 ] || [ $((now - least)) -le $(((now - from) * 2)) ]; then
        members="$members $one"
      else others="$others $one"; fi
    done
    fit=$others
    case $members in ' '*' '*) joint $members || return 0 ;; esac
  done
}
# joint NUMBER...: some of them, all or none; their numbers are in $already when they are told.
joint() {
  {
    limit=${limit:+timeout -k 1 $joint_s} names= least=
    echo $#
    for one; do
      eval "at=\$at_$one from=\$from_$one sieve=\$sieve_$one word=\$word_$one"
      eval "id=\$id_$at props=\$unit_$at"
      printf '%s %s %s\n%s\n%s\n%s.\n' "$one" "$from" "$id" "$sieve" "$word" "$props"
      [ -n "$least" ] && [ "$from" -ge "$least" ] || least=$from
      names="$names -u $id"
    done
    fields=MESSAGE,PRIORITY,UNIT,_PID,_SYSTEMD_UNIT,OBJECT_SYSTEMD_UNIT,COREDUMP_UNIT,_UID,MESSAGE_ID
    within journalctl -r -o json --all --output-fields=$fields $names --since="@$((least - 1))" 2>&1
    printf '= %s\n' $?
  } | awk -v mark="$mark" -v newest="$newest" -v most="$most" '
    function fail() { bad = 1; exit }
    # A quote within a text is escaped, so that this name in quotes is a name, or a whole text.
    function value(name, at, rest) {
      at = index($0, "\"" name "\"")
      if (!at) return ""
      rest = substr($0, at + length(name) + 2, 400)
      if (!sub(/^ ?: ?"/, "", rest)) fail()
      at = index(rest, "\"")
      if (!at) fail()
      return substr(rest, 1, at - 1)
    }
    function put(n, text) {
      size[n] += length(text) + 1
      if (size[n] > most) { full[n]; return }
      if ((all += length(text) + 1) > 4 * most) fail()
      lines[n, ++told[n]] = text
    }
    function take(n) {
      if (n in done) return
      if (time < begin[n]) { done[n]; left--; return }
      if (n in full) return
      if (!count[n]++) put(n, "N " substr(line, 1, 8192))
      oldest[n] = line
      if (low ~ sieve[n]) put(n, "L " substr(line, 1, 8192))
      else if (word[n] != "-" && low ~ word[n] && ++found[n] <= newest) put(n, "L " substr(line, 1, 8192))
    }
    function of(id, n, some, numbers) {
      if (!(id in logs)) return
      known = 1
      if (seen[id] == NR) return
      seen[id] = NR
      some = split(logs[id], numbers, " ")
      for (n = 1; n <= some; n++) take(numbers[n])
    }
    NR == 1 { asked = left = $1; next }
    heads < asked && !step {
      number[++last] = n = $1; since[n] = $2; begin[n] = ($2 - 1) * 1000000
      logs[$3] = logs[$3] " " n; step = 1; next
    }
    heads < asked && step == 1 { sieve[n] = $0; step = 2; next }
    heads < asked && step == 2 { word[n] = $0; step = 3; next }
    heads < asked { if ($0 == ".") { heads++; step = 0 } else props[n] = props[n] $0 "\n"; next }
    ended { fail() }
    /^= [0-9]+$/ { if ($2 != 0) fail(); ended = 1; next }
    substr($0, 1, 1) != "{" { fail() }
    {
      time = value("__REALTIME_TIMESTAMP"); known = 0
      if (time !~ /^[0-9]+$/) fail()
      line = $0
      if (!sub(/"__CURSOR" ?: ?"[^"]*", ?/, "", line)) sub(/, ?"__CURSOR" ?: ?"[^"]*"/, "", line)
      gsub(/"(_SYSTEMD_UNIT|OBJECT_SYSTEMD_UNIT|COREDUMP_UNIT|_UID|MESSAGE_ID)" ?: ?"([^"\\]|\\.)*", ?/, "", line)
      gsub(/, ?"(_SYSTEMD_UNIT|OBJECT_SYSTEMD_UNIT|COREDUMP_UNIT|_UID|MESSAGE_ID)" ?: ?"([^"\\]|\\.)*"/, "", line)
      low = tolower(line)
      of(value("_SYSTEMD_UNIT"))
      if (value("_PID") == "1") of(value("UNIT"))
      if (value("_UID") == "0") {
        of(value("OBJECT_SYSTEMD_UNIT"))
        if (value("MESSAGE_ID") == "fc2e22bc6ee647b6b90729ab34a250b1") of(value("COREDUMP_UNIT"))
      }
      # Whose it is has to be clear, of each of them.
      if (!known) fail()
      if (!left) exit
    }
    END {
      if (bad || heads < asked || left && !ended) exit 1
      for (i = 1; i <= asked; i++) {
        n = number[i]
        printf "\n%s out %s\n%s\n%sB %s\n", mark, n, ENVIRON["clocked"], props[n], since[n]
        for (k = 1; k <= told[n]; k++) print lines[n, k]
        if (!(n in full)) {
          if (count[n]) print "O " substr(oldest[n], 1, 8192)
          if (found[n] > newest) print "W " found[n] - newest
          print "R 0 " count[n] + 0
        }
        printf "F %s\n\n0\n\n%s rc %s 0\n\n", ENVIRON["kept"], mark, n
      }
    }
  ' 2>/dev/null && already="$already $*"
}
