# What a host can be asked: functions for the script that `gate.sources.host.script` writes.
#
# POSIX sh with systemctl, ss, stat, find, grep, sed, awk and /proc; a tool that is missing spoils
# its own section of the answer only. The script has set before: token, tool_s, properties, pulls,
# unpulled, second.

LC_ALL=C; LANG=C; SYSTEMD_COLORS=0; SYSTEMD_PAGER=
export LC_ALL LANG SYSTEMD_COLORS SYSTEMD_PAGER
limit=; command -v timeout >/dev/null 2>&1 && limit="timeout -k 1 $tool_s"

# ask SECTION COMMAND...: one section, with the command's output, exit status and complaints.
ask() {
  section=$1; shift
  printf '\n%s out %s\n' "$token" "$section"
  said=$("$@" 2>&1 >&3 3>&-); rc=$?
  printf '\n%s rc %s %s\n%s\n' "$token" "$section" $rc "$said"
}

# Where the first process is hidden from this user, its name is told by what it keeps.
init() {
  cat /proc/1/comm 2>/dev/null || { [ -d /run/systemd/system ] && echo systemd || echo hidden; }
}
identity() {
  uname -n; uname -sr; id -un; init; getconf CLK_TCK || echo 100
  cat /proc/uptime; date -u +%s.%N
  sed -n 's/^PRETTY_NAME=//p' /etc/os-release
}

# show UNIT...: keep what systemd says of them in $shown; the section holds its complaints alone.
show() {
  printf '\n%s out show\n' "$token"
  shown=$($limit systemctl show -p "$properties" -- "$@" 2>&3 3>&-); showed=$?
  printf '\n%s rc show %s\n\n' "$token" $showed
}
# Whether systemd answered in time; else what is asked of it next would take as long.
in_time() { [ "$showed" != 124 ] && [ "$showed" != 137 ]; }

# What is kept, and what pulls the units in, level by level.
units() {
  printf '%s\n\n' "$shown"
  in_time || return "$unpulled"
  names="default.target $(above)"
  for level in 1 2 3 4; do
    shown=$($limit systemctl show -p "$pulls" -- $names) || return "$unpulled"
    printf '%s\n\n' "$shown"
    names=$(above)
    [ -n "$names" ] || return 0
  done
  return "$unpulled"
}
above() {
  printf '%s\n' "$shown" | sed -n 's/^[A-Za-z]*By=//p' | tr ' ' '\n' |
    grep -v -e '[.]target$' -e '^$' | sort -u
}

# again UNIT...: the second reading, of those alone whose main process does not tell it.
again() {
  in_time || return "$showed"
  names=$(printf '%s\n' "$shown" | without_process 2>/dev/null) || names=$*
  [ -z "$names" ] || $limit systemctl show -p "$second" -- $names
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
      if (pid > 0 && (getline line < stat) > 0) close(stat); else print id
    }'
}

# What systemd thinks of the files of these units.
verify() { $limit systemd-analyze verify --man=no -- "$@"; }

sockets() {
  if command -v ss >/dev/null 2>&1; then
    ss -Hltnpe --cgroup 2>/dev/null || ss -Hltnpe
  else
    echo /proc/net; for file in /proc/net/tcp /proc/net/tcp6; do
      [ ! -e $file ] || { echo $file; grep ' 0A ' $file; }
    done
    find /proc/[0-9]*/fd -lname 'socket:*' -printf '%p %l\n' 2>/dev/null || :
  fi
}

each_stat() { cat /proc/[0-9]*/stat; }
each_cgroup() { grep -Hs -e '^0::' -e ':name=systemd:' /proc/[0-9]*/cgroup; }
each_command() { grep -Hazs '' /proc/[0-9]*/cmdline; }
each_link() {
  find /proc/[0-9]* -maxdepth 1 \( -name exe -o -name cwd -o -name '[0-9]*' \) \
    -printf '%p\t%u\t%l\0'
}

found() { command -v "$1"; }
texts() {
  ls -d "$1/." >/dev/null && ls "$1" >/dev/null || return
  set -- "$1"/*.py; [ ! -e "$1" ] || grep -HZa '' "$@"
}
packages() {
  ls -d "$1" >/dev/null || return
  for folder in "$1"/lib*/python3*/site-packages "$1"/lib*/python3/dist-packages; do
    [ ! -e "$folder" ] || { ls -d "$folder/." >/dev/null && ls "$folder"; } || return
  done
}
