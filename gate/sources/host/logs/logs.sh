# What is logged: functions for the probe of `gate.sources.host.logs.probe`.
#
# POSIX sh with systemctl, journalctl, awk, sed, stat, tail and date; docker or podman for
# containers. Each line of the answer begins with a letter that says what it is. Set before: sieve
# (an extended regular expression of lower case: every line like it is sent), word (another one: of
# the lines that are like it alone, the newest are sent; "-" for none), newest (how many), most
# (bytes of lines), properties (of units, with commas between), tail_bytes (of a file),
# gate_deployed (when the deployment began, in seconds; or nothing).

export sieve word newest most
SYSTEMD_COLORS=0; SYSTEMD_PAGER=; LC_ALL=C; export SYSTEMD_COLORS SYSTEMD_PAGER LC_ALL

# The host's clock, for how long it is up, how far its local time is from UTC; told once for all.
clock() {
  [ -z "$clocked" ] || { printf '%s\n' "$clocked"; return; }
  read -r up _ </proc/uptime
  told=$(date '+%s %s.%N %z'); now=${told%% *}; told=${told#* }
  clocked="C ${told% *} $up ${told##* }"
  printf '%s\n' "$clocked"
}
# within TOOL...: a tool for the time that one log may take: $limit, where its shell has no end.
within() {
  command -v "$1" >/dev/null 2>&1 || { printf 'sh: %s: not found\n' "$1" >&2; return 127; }
  $limit "$@"
}
newline='
'
# In front of all logs: what each of them would have to ask for by itself.
begin() {
  clock >/dev/null; units=
  export clocked now up units
}
# told_of COUNT: what systemd says of so many units, its input, for the shell: each unit's lines in
# $unit_NUMBER, when it began (seconds) in $began_NUMBER, and its own name in $id_NUMBER; nothing
# where it does not say something of each.
told_of() {
  awk -v RS= -v now="$now" -v up="$up" -v count="$1" '
    function quoted(text) { gsub(/\047/, "\047\"\047\"\047", text); return "\047" text "\047" }
    {
      text = id = ""; least = 0
      for (n = split($0, lines, "\n"); n > 0; n--) {
        text = text "P " lines[n] "\n"
        value = lines[n]; sub(/^[^=]*=/, "", value); name = lines[n]; sub(/=.*/, "", name)
        if (name == "Id") { id = value; ids++ }
        if (name ~ /TimestampMonotonic$/ && value > 0 && (!least || value + 0 < least)) least = value + 0
      }
      began = sprintf("%d", least ? now - up + least / 1000000 : 0)
      all = all "unit_" NR "=" quoted(text) " began_" NR "=" began " id_" NR "=" quoted(id) "\n"
      names = names " unit_" NR " began_" NR " id_" NR
    }
    END { if (NR == count && ids == count) printf "%sexport%s\n", all, names; else print "false" }'
}
# all_units UNIT...: what systemd says of each of them, in their order, and that it did, in $units.
all_units() {
  eval "$({
    if [ -n "${gate_told-}" ]; then printf '%s\n' "$gate_told"
    else systemctl show -p $properties -- "$@" 2>/dev/null; fi
  } | told_of $#)" && units=told
  unset gate_told
}
# unit NAME: what systemd says of it; since when it runs, in $began (seconds), and its own name in $id.
unit() {
  [ -n "$units" ] && [ -n "$at" ] || {
    props=$(within systemctl show -p $properties -- "$1" 2>&1) &&
      eval "$(printf '%s\n' "$props" | told_of 1)" ||
      { printf '%s\n' "$props" | sed 's/^/E /'; echo 'U'; return 1; }
    at=1
  }
  eval "props=\$unit_$at began=\$began_$at id=\$id_$at"
  printf '%s' "$props"
}
# period SINCE: its begin in $from: of the deployment, of the unit's start, or some seconds ago.
period() {
  case $1 in
    start) from=$began ;;
    deployment) from=${gate_deployed:-$began} ;;
    *[!0-9]*) from=$(awk -v now="$now" -v ago="$1" 'BEGIN { printf "%d", now - ago }') ;;
    *) from=$((now - $1)) ;;
  esac
  printf 'B %s\n' "$from"
}

# journal UNIT SINCE: its entries, newest first, each a line of JSON. It needs no shell of its own:
# the tools that it asks have an end, and what reads them ends with them.
journal() {
  clock; unit "$1" || return 0; period "$2"
  fields=MESSAGE,PRIORITY,UNIT,_PID
  [ -z "$closed" ] || echo "E not seeing messages: $closed may not be read"
  {
    within journalctl -r -o json --all --output-fields=$fields -u "$id" --since="@$((from - 1))" 2>&1
    printf '= %s\n' $?
  } | awk '
    function put(text) {
      size += length(text) + 1
      if (size > ENVIRON["most"] + 0) { full = 1; exit }
      print text
    }
    /^= [0-9]+$/ { rc = $2; next }
    substr($0, 1, 1) != "{" { put("E " substr($0, 1, 300)); next }
    { if (!sub(/"__CURSOR" ?: ?"[^"]*", ?/, "")) sub(/, ?"__CURSOR" ?: ?"[^"]*"/, "") }
    !count++ { put("N " substr($0, 1, 8192)) }
    { oldest = $0; low = tolower($0) }
    low ~ ENVIRON["sieve"] { put("L " substr($0, 1, 8192)); next }
    ENVIRON["word"] != "-" && low ~ ENVIRON["word"] {
      if (++found <= ENVIRON["newest"]) put("L " substr($0, 1, 8192))
    }
    END {
      if (full) exit
      if (count) print "O " substr(oldest, 1, 8192)
      if (found > ENVIRON["newest"]) print "W " found - ENVIRON["newest"]
      print "R " rc + 0 " " count + 0
    }
  ' 2>/dev/null
  printf 'F %s\n' "$kept"
  case $dropped in *" from $id"*) printf '%s\n' "$dropped" | grep -F " from $id" | sed 's/^/D /' ;; esac
}
# The same for all units: how far back all of the journal goes, and what it dropped.
kept() {
  command -v journalctl >/dev/null 2>&1 || return 0
  kept=$(journalctl -o json --output-fields=PRIORITY 2>/dev/null | head -n 1 | head -c 4096)
  id=MESSAGE_ID=a596d6fe7bfa4994828e72309e95d61e
  dropped=$(journalctl -b -q -n 200 -o json --output-fields=MESSAGE $id 2>/dev/null | head -c 65536)
  # journalctl does not always say that it leaves out what is the system's.
  closed=
  for file in /var/log/journal/*/system.journal /run/log/journal/*/system.journal; do
    [ ! -e "$file" ] || [ -r "$file" ] || closed=$file
  done
  export kept dropped closed
}

# lines FILE: those that the sieve lets through, each that bears no time behind one that does; in
# front of them how reading it ended, which is told before anybody behind has all that was read.
lines() { { unpacked "$1"; } 3>&1; }
unpacked() {
  {
    case $1 in
      *.gz) gzip -dc <"$1" ;; *.xz) xz -dc <"$1" ;; *.zst) zstd -dc <"$1" ;; *.bz2) bzip2 -dc <"$1" ;;
      *) tail -c "$tail_bytes" <"$1" ;;
    esac
    printf 'H %s\n' $? >&3
  } | awk '
    NR <= 5 { print "T " substr($0, 1, 300) }
    /^[^0-9A-Z]?[^ 0-9]?[^ 0-9]?[^ 0-9]?[^ 0-9]?[^ 0-9]?[^ 0-9]?[0-9A-Z]/ && /[0-9][:.][0-9][0-9]/ { timed = substr($0, 1, 200); last = NR }
    { low = tolower(substr($0, 1, 8192)) }
    low ~ ENVIRON["sieve"] {
      if (timed != "" && index($0, substr(timed, 1, 100)) != 1) print "K " timed
      print "L " substr($0, 1, 8192)
      next
    }
    ENVIRON["word"] != "-" && low ~ ENVIRON["word"] {
      at = found++ % ENVIRON["newest"]; times[at] = timed; texts[at] = substr($0, 1, 8192)
    }
    END {
      for (i = found > ENVIRON["newest"] ? found - ENVIRON["newest"] : 0; i < found; i++) {
        at = i % ENVIRON["newest"]
        if (times[at] != "") print "K " times[at]
        print "L " texts[at]
      }
      if (found > ENVIRON["newest"]) print "W " found - ENVIRON["newest"]
      print "Z " NR; if (timed != "") { print "N " timed; print "Y " NR - last }
    }
  ' 2>&1 | tail -c "$most"
  echo
}
# family FILE: it with what it was rotated to, "inode size changed born path", the newest first.
family() {
  for member in "$1" "$1".[0-9]* "$1"-[0-9]*; do
    [ ! -e "$member" ] || stat -L --printf 'S %i %s %Y %W\t%n\n' -- "$member"
  done 2>&1
}
# rotated FILE: whether it is what another one that is there was rotated to.
rotated() {
  base=$1
  for packed in gz xz zst bz2; do base=${base%.$packed}; done
  number=${base##*[!0-9-]}
  base=${base%"$number"}; base=${base%.}
  [ "$base" != "$1" ] && [ -e "$base" ]
}
# file SINCE UNIT PATTERN...: files, each with what they were rotated to.
file() {
  since=$1; of=$2; shift 2
  clock; began=0; [ -z "$of" ] || unit "$of" || return 0
  period "$since"
  for one in "$@"; do
    if [ ! -e "$one" ]; then
      ls -d -- "$one" 2>&1 >/dev/null | sed 's/^/A /'; continue
    fi
    ! rotated "$one" || continue
    printf 'M %s\n' "$one"
    family "$one"
    for member in "$one"-[0-9]* "$one".[0-9]* "$one"; do
      [ -e "$member" ] || continue
      changed=$(stat -L -c %Y -- "$member") && [ "$changed" -ge "$from" ] || continue
      if [ ! -r "$member" ]; then printf 'X %s: Permission denied\n' "$member"; continue; fi
      printf 'Q %s\n' "$member"
      lines "$member"
    done
    stat -L --printf 'G %i %s\t%n\n' -- "$one" 2>&1
  done
}
# container NAME SINCE: what it wrote to standard output and standard error.
container() {
  clock
  for tool in docker podman; do command -v $tool >/dev/null 2>&1 && break; tool=; done
  [ -n "$tool" ] || { echo 'E no docker and no podman'; echo 'R 127 0'; return 0; }
  format='{{.State.Status}}|{{.State.StartedAt}}|{{.HostConfig.LogConfig.Type}}|{{.HostConfig.LogConfig.Config}}'
  facts=$($tool inspect --type container -f "$format" -- "$1" 2>&1) ||
    { printf '%s\n' "$facts" | sed 's/^/E /'; echo 'R 1 0'; return 0; }
  printf 'V %s\n' "$facts"
  started=$(printf '%s\n' "$facts" | awk -F'|' '{ sub(/ [A-Z]+$/, "", $2); print $2 }')
  began=$(date -d "$started" +%s 2>/dev/null) || began=0
  period "$2"
  { $tool logs -t --since "$from" "$1" 2>&1; printf '= %s\n' $?; } | awk '
    /^= [0-9]+$/ { rc = $2; next }
    !count++ { print "O " substr($0, 1, 300) }
    { newest = $0 }
    { low = tolower(substr($0, 1, 8192)) }
    low ~ ENVIRON["sieve"] { print "L " substr($0, 1, 8192); next }
    ENVIRON["word"] != "-" && low ~ ENVIRON["word"] { texts[found++ % ENVIRON["newest"]] = substr($0, 1, 8192) }
    END {
      for (i = found > ENVIRON["newest"] ? found - ENVIRON["newest"] : 0; i < found; i++)
        print "L " texts[i % ENVIRON["newest"]]
      if (found > ENVIRON["newest"]) print "W " found - ENVIRON["newest"]
      if (count) print "N " substr(newest, 1, 8192)
      print "R " rc + 0 " " count + 0
    }
  ' 2>/dev/null | tail -c "$most"
}
