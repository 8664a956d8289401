# What a host can be asked: functions for the script that `gate.sources.host.script` writes.
#
# POSIX sh with systemctl, ss, stat, find, grep, sed, awk and /proc; a tool that is missing spoils
# its own section of the answer only. The script has set before: token, tool_s, most, least,
# all, properties, pulls, unpulled, second, alone.

LC_ALL=C; LANG=C; SYSTEMD_COLORS=0; SYSTEMD_PAGER=
export LC_ALL LANG SYSTEMD_COLORS SYSTEMD_PAGER
unset gate_told
limit=; command -v timeout >/dev/null 2>&1 && limit="timeout -k 1 $tool_s"
cut=cat; shorten=cat; few=cat; brief=cat; first=cat; keep=cat
command -v head >/dev/null 2>&1 && {
  cut="head -c $most" shorten="head -c $least" few='head -c 999' brief='head -c 4096'
  first="head -c $all"
}
! command -v tail >/dev/null 2>&1 || keep="tail -c $all"

# ask SECTION COMMAND...: one section, with the command's output, exit status and complaints; of
# both as much as may be said, so that a tool without end spoils its own section only.
ask() {
  section=$1; shift
  printf '\n%s out %s\n' "$token" "$section"
  said=$({ { "$@" 2>&4 3>&- 4>&-; printf '\nrc=%s' $? >&4; } | $cut >&3; } 4>&1 | $shorten)
  # What is long is not searched by the shell: that takes the square of its length.
  if [ ${#said} -lt 4096 ]; then rc=${said##*rc=}
  else rc=$(printf '%s\n' "$said" | tail -n 1); rc=${rc#rc=}; fi
  # Not even its exit status came: whatever reads its output was ended before it.
  [ -n "$said" ] || rc=124 said='its output has no end: a process that it left behind holds it'
  case $rc in '' | *[!0-9]*) rc=1 ;; esac
  printf '\n%s rc %s %s\n%s\n' "$token" "$section" "$rc" "$said"
}
# The same for what cat tells of /proc: it has an end.
ask_proc() {
  section=$1; shift
  printf '\n%s out %s\n' "$token" "$section"
  said=$("$@" 2>&1 >&3 3>&-); rc=$?
  printf '\n%s rc %s %s\n%s\n' "$token" "$section" $rc "$said"
}
# limited TOOL...: a tool, for its time. Whether there is one is for the shell to say: timeout calls
# a missing one forbidden where the PATH has a folder that may not be entered.
limited() {
  command -v "$1" >/dev/null 2>&1 || { printf 'sh: %s: not found\n' "$1" >&2; return 127; }
  $limit "$@"
}

# probe NAME SECONDS BYTES: a question of somebody else, read by a shell of its own from its input;
# to be called where nothing else is asked behind it. What reads its answer has an end of its own: a
# process that it leaves may hold the other side.
probe() {
  [ "$cut" = cat ] || cut="head -c $3"
  [ -z "$limit" ] || {
    cut="timeout -k 1 $(($2 + 2)) $cut" shorten="timeout -k 1 $(($2 + 2)) $shorten"
    limit="timeout -k 1 $2"
  }
  ask "probe.$1" limited sh
}

# light SHELL: a question that needs no shell of its own; what is wrong with it ends here.
light() (eval "$1")

# What the shell reads by itself needs no tool; what a tool says has an end.
identity() {
  uptime=; hostname=; system=; release=; init=
  {
    read -r uptime </proc/uptime; read -r hostname </proc/sys/kernel/hostname
    read -r system </proc/sys/kernel/ostype; read -r release </proc/sys/kernel/osrelease
    read -r init </proc/1/comm
  } 2>/dev/null
  # Where the first process is hidden from this user, its name is told by what it keeps.
  [ -n "$init" ] || { [ -d /run/systemd/system ] && init=systemd || init=hidden; }
  printf 'shell=%s\nuptime=%s\nhostname=%s\nkernel=%s\ninit=%s\n' \
    $$ "$uptime" "$hostname" "$system $release" "$init"
  while read -r name value; do
    [ "$name" != btime ] || { printf 'booted=%s\n' "$value"; break; }
  done </proc/stat
  while read -r line; do
    case $line in PRETTY_NAME=*) printf 'os=%s\n' "${line#*=}" ;; esac
  done </etc/os-release
  printf 'clock='; limited date -u +%s.%N | $few
  printf '\nuser='; limited id -un | $few
  printf '\nticks='; limited getconf CLK_TCK | $few
}

# told COMMAND...: its output in $shown and its exit status in $showed.
told() {
  shown=$({
    { { "$@" 2>&5 3>&- 4>&- 5>&-; printf '\n\nshowed=%s\n' $?; } | $cut >&4; } 5>&1 | $shorten >&2
  } 4>&1)
  showed=$(printf '%s\n' "$shown" | tail -n 1)
  case $showed in
    showed=[0-9]*) showed=${showed#showed=} ;;
    *) echo "$2: it printed more than $most bytes" >&2; shown=; showed=1 ;;
  esac
}
# show UNIT...: keep what systemd says of them in $shown; the section holds its complaints alone.
show() {
  printf '\n%s out show\n' "$token"
  told in_utc systemctl show -p "$properties" -- "$@" 2>&1
  printf '\n%s rc show %s\n\n' "$token" $showed
}
in_utc() { TZ=UTC0; export TZ; limited "$@"; }
# handed COUNT PROPERTIES PLACE...: in $gate_told, what is kept in $shown of the units at these
# places, in their order, for the probe behind it. Nothing where it is not well told of so many
# units, or is more than one word of the environment may hold: then the probe asks by itself.
handed() {
  [ "$showed" = 0 ] || return 0
  gate_told=$(printf '%s\n' "$shown" | awk -v count="$1" -v wanted=",$2," -v places="$*" '
    BEGIN { RS = ""; FS = "\n" }
    {
      last = $1
      for (n = 1; n <= NF; n++)
        if ((at = index($n, "=")) && index(wanted, "," substr($n, 1, at - 1) ","))
          block[NR] = block[NR] $n "\n"
    }
    END {
      if (NR != count + 1 || last != "showed=0") exit
      count = split(places, place, " ")
      for (n = 3; n <= count; n++) {
        if ((size += length(block[place[n]]) + 1) > 100000) exit
        printf "%s%s", (n == 3 ? "" : "\n"), block[place[n]]
      }
      printf "."
    }' 2>/dev/null)
  case $gate_told in *.) gate_told=${gate_told%?}; export gate_told ;; *) unset gate_told ;; esac
}
# Whether systemd answered in time; else what is asked of it next would take as long.
in_time() { [ "$showed" != 124 ] && [ "$showed" != 137 ]; }

# What is kept, and what pulls the units in, level by level.
units() {
  printf '%s\n\n' "$shown"
  in_time || return "$unpulled"
  pulling || return "$unpulled"
  names="default.target $names"
  for level in 1 2 3 4; do
    told limited systemctl show -p "$pulls" -- $names
    [ "$showed" = 0 ] || return "$unpulled"
    printf '%s\n\n' "$shown"
    pulling || return "$unpulled"
    [ -n "$names" ] || return 0
  done
  return "$unpulled"
}
# pulling: in $names, those that start the units in $shown; targets are told of already.
pulling() {
  names=$(printf '%s\n' "$shown" | awk '
    /^[A-Za-z]*By=/ {
      sub(/^[A-Za-z]*=/, "")
      for (n = split($0, words, " "); n > 0; n--)
        if (words[n] !~ /[.]target$/ && !(words[n] in told)) {
          told[words[n]]; printf "%s ", words[n]
        }
    }
    END { print "." }' | $shorten)
  whole
}
# whole: take the end off $names that awk has put there; without it, it is not whole.
whole() { case $names in *.) names=${names%.} ;; *) return 1 ;; esac; }

# again UNIT...: the second reading, of those alone whose main process does not tell it.
again() {
  in_time || return "$showed"
  names=$(printf '%s\n' "$shown" | without_process 2>/dev/null | $shorten)
  whole || names=$*
  [ -z "$names" ] || limited systemctl show -p "$second" -- $names
}
without_process() {
  awk 'BEGIN { RS = ""; FS = "\n" }
    {
      id = ""; pid = 0
      for (n = 1; n <= NF; n++) {
        if ($n ~ /^Id=/) id = substr($n, 4)
        if ($n ~ /^MainPID=/) pid = substr($n, 9) + 0
      }
      stat = "/proc/" pid "/stat"
      if (pid > 0 && (getline line < stat) > 0) close(stat); else if (id != "") printf "%s ", id
    }
    END { print "." }'
}

# Links in /run that enable units: until the next boot, or made by a generator at each of them.
until_reboot() {
  for folder in /run/systemd/generator* /run/systemd/transient /run/systemd/system; do
    [ ! -d "$folder" ] ||
      limited find "$folder" -type l \( -path '*.wants/*' -o -path '*.requires/*' \) -print
  done
  # Whose units run without a login, from the boot on.
  for file in /var/lib/systemd/linger/*; do
    [ -f "$file" ] || continue
    number=$(limited id -u -- "${file##*/}" 2>/dev/null) &&
      echo "/var/lib/systemd/linger/user@$number.service"
  done
}

# The last lines of units that do not run, or were started again: of a few, each by itself.
last_lines() {
  in_time || return "$showed"
  names=$(printf '%s\n' "$shown" | awk 'BEGIN { RS = ""; FS = "\n" }
    {
      id = ""; runs = 0; again = 0
      for (n = 1; n <= NF; n++) {
        if ($n ~ /^Id=/) id = substr($n, 4)
        if ($n == "ActiveState=active" || $n == "LoadState=not-found") runs = 1
        if ($n ~ /^NRestarts=/) again = substr($n, 11) + 0
      }
      if (id != "" && (!runs || again) && count++ < 20) printf "%s ", id
    }
    END { print "." }' | $brief)
  whole || return 1
  for name in $names; do limited journalctl -b -r -n 3 -o json -u "$name" 2>/dev/null; done
}

# What systemd thinks of the files of these units.
verify() { limited systemd-analyze verify --man=no -- "$@"; }

sockets() {
  if command -v ss >/dev/null 2>&1; then
    $limit ss -Hltnpe --cgroup 2>/dev/null || $limit ss -Hltnpe
  else
    echo /proc/net; for file in /proc/net/tcp /proc/net/tcp6; do
      [ ! -e $file ] || { echo $file; limited grep ' 0A ' $file; }
    done
    limited find /proc/[0-9]*/fd -lname 'socket:*' -printf '%p %l\n' 2>/dev/null || :
  fi
}
# The kernel's own list, which has the sockets that listen in front.
listening() {
  for file in /proc/net/tcp /proc/net/tcp6; do
    [ ! -e $file ] ||
      limited sed -n -e 1d -e '/^ *[0-9]*: [0-9A-F:]* [0-9A-F:]* 0A /!q' -e p $file || return
  done
}

each_stat() { cat /proc/[0-9]*/stat; }
each_cgroup() { limited grep -Hs -e '^0::' -e ':name=systemd:' /proc/[0-9]*/cgroup; }
each_command() { limited grep -Hazs '' /proc/[0-9]*/cmdline; }
each_link() {
  limited find /proc/[0-9]* /proc/[0-9]*/exe /proc/[0-9]*/cwd -maxdepth 0 -printf '%p\t%u\t%l\0'
}

# found TOOL: where it is; it is not to be taken for one of the functions here.
found() { (unset -f "$1" 2>/dev/null; command -v "$1"); }
# output SECTION COMMAND...: what a program of theirs prints. A process that it leaves is ended with
# it; where one gets away and holds the output, what reads has an end of its own.
output() {(
  section=$1; shift
  [ -z "$limit" ] || [ "$cut" = cat ] || {
    cut="timeout -k 1 $((tool_s + 1)) $cut" shorten="timeout -k 1 $((tool_s + 1)) $shorten"
  }
  ask "$section" run "$@"
)}
# run COMMAND...: 127 is for what is positively not there, which the last line of complaints says.
run() {
  case $1 in
    */*) [ -e "$1" ] || { limited ls -d -- "$1" >/dev/null; return 127; } ;;
    *) command -v "$1" >/dev/null 2>&1 || { limited "$1"; return 127; } ;;
  esac
  if [ -n "$limit" ]; then $limit sh -c "$alone" sh "$@"; else "$@"; fi; status=$?
  [ $status != 127 ] || printf '\nit is there, and ended with exit status 127\n' >&2
  return $status
}
texts() {
  limited ls -d "$1/." >/dev/null && limited ls "$1" >/dev/null || return
  set -- "$1"/*.py; [ ! -e "$1" ] || limited grep -HZa '' "$@"
}
# committed FOLDER COMMIT: the same as they are in a commit of the repository around the folder,
# which need not be there now. Nothing of the repository is run or changed.
committed() {
  folder=$1; below=
  while [ ! -d "$folder" ] && [ -n "$folder" ]; do below=${folder##*/}/$below folder=${folder%/*}; done
  GIT_OPTIONAL_LOCKS=0 limited git -C "${folder:-/}" -c 'safe.directory=*' -c core.fsmonitor=false \
    -c grep.lineNumber=false -c grep.column=false \
    grep --no-color --no-textconv --full-name -Haze '' "$2" -- ":(glob)$below*.py"
}
packages() {
  limited ls -d "$1/." >/dev/null || return
  for folder in "$1" "$1"/lib* "$1"/lib*/python3*; do
    [ ! -d "$folder" ] || { [ -r "$folder" ] && [ -x "$folder" ]; } ||
      { echo "$folder: Permission denied" >&2; return 1; }
  done
  for folder in "$1"/lib*/python3*/site-packages "$1"/lib*/python3/dist-packages; do
    [ ! -e "$folder" ] || {
      printf 'in %s\n' "$folder"; limited ls -d "$folder/." >/dev/null && limited ls -a "$folder"
    } || return
  done
}
