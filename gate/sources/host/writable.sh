# Who may write where: functions for the probe of `gate.sources.host.writable`.
#
# POSIX sh with id, systemctl, awk, env, test, setpriv and nsenter. Each answer is a line: the number
# of the path, and a word; what is said of whoever asks is one line without a number.

# as_them PATH...: whether whoever runs it may write there: yes, or not; a folder needs both. What
# the shell has of test does not ask the kernel everywhere, and tells a folder all the same.
as_them='n=0
if [ -x /usr/bin/test ]; then own=/usr/bin/test; else own="env test"; fi
for path; do
  n=$((n + 1)) word=odd
  $own -w "$path"; found=$?
  case $found in
    1) word=not ;;
    0)
      word=yes
      [ ! -d "$path" ] || {
        $own -x "$path"; found=$?
        case $found in 0) ;; 1) word=not ;; *) word=odd ;; esac
      } ;;
  esac
  echo "$n" $word
done'
there='n=0
for path; do
  n=$((n + 1)) word=odd
  env test -e "$path"; found=$?
  case $found in 0) word=there ;; 1) word=missing ;; esac
  echo "$n" $word
done'

# instead TOOL...: a tool for its time, in place of the shell that asks.
instead() {
  command -v "$1" >/dev/null 2>&1 || { printf 'sh: %s: not found\n' "$1" >&2; return 127; }
  exec $limit "$@"
}
own=$(instead id -u)
# mains UNIT...: the main process of each, a line each.
mains() {
  if [ -n "${gate_told-}" ]; then printf '%s\n' "$gate_told"
  else limited systemctl show -p Id,MainPID -- "$@"; fi | awk 'BEGIN { RS = ""; FS = "\n" } {
    pid = "-"
    for (n = 1; n <= NF; n++) if ($n ~ /^MainPID=[0-9]+$/) pid = substr($n, 9)
    print pid
  }'
}
# labels PID...: what the kernel's modules call the processes and this one, and whether they mind.
labels() {
  files=/sys/fs/selinux/enforce
  for pid in self "$@"; do files="$files /proc/$pid/attr/current /proc/$pid/attr/apparmor/current"; done
  LC_ALL=C limited grep -Ha '' $files
}
user_may() {
  who=$1; shift
  uid=$(instead id -u -- "$who" 2>&1) || {
    case $uid in *'no such user'* | *'unknown user'*) echo nobody ;; *) echo odd id ;; esac
    return
  }
  enter=
  may "$uid" "$(instead id -g -- "$who")" "$(limited id -G -- "$who" | tr ' ' ',')" '' "$@"
}
# status PID: its user, groups and capabilities, which come last; each letter costs a call.
status() {
  uid= gid= groups= capable=
  while read -r key first second rest; do
    case $key in
      Uid:) uid=$second ;; Gid:) gid=$second ;; CapEff:) capable=$first; break ;;
      Groups:) groups="$first $second $rest" ;;
    esac
  done <"/proc/$1/status"
}
# joined WORD...: with commas, in $joined.
joined() { between=$IFS; IFS=,; joined=$*; IFS=$between; }
# unit_may PID PATH...
unit_may() {
  pid=$1; shift
  case $pid in '' | *[!0-9]*) echo odd systemctl tells no MainPID; return ;; 0) echo stopped; return ;; esac
  echo pid "$pid"
  status "$pid" 2>/dev/null && [ -n "$capable" ] || { echo hidden; return; }
  # CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH are two bits of the last figure.
  bound=
  case $uid:$capable in
    0:*[2367abef]) ;;
    0:*[45cd]) bound=--bounding-set=-dac_override ;;
    0:*[0189]) bound=--bounding-set=-dac_override,-dac_read_search ;;
    *:*[0189]) ;;
    *) echo capable; return ;;
  esac
  [ -e "/proc/$pid/ns/mnt" ] && [ -e "/proc/$pid/root/" ] || { echo hidden; return; }
  enter=
  [ "/proc/$pid/ns/mnt" -ef /proc/self/ns/mnt ] && [ "/proc/$pid/root/" -ef / ] || {
    [ "$own" = 0 ] || { echo other; return; }
    enter="nsenter -t $pid -m -r --"
  }
  joined $groups
  may "$uid" "$gid" "$joined" "$bound" "$@"
}
# Whether a process has the groups that this one has, which test would ask with.
same_groups() {
  its=$(printf '%s\n' "$@" | tr ', ' '\n\n' | grep . | sort -un)
  [ "$its" = "$(limited id -G | tr ' ' '\n' | sort -un)" ]
}
# may UID GID GROUPS BOUND PATH..., entering with $enter
may() {
  as=
  if [ "$own" = 0 ]; then
    lists=--clear-groups; [ -z "$3" ] || lists="--groups=$3"
    as="setpriv --reuid=$1 --regid=$2 $lists $4 --"
  elif [ "$own" != "$1" ] || ! same_groups "$2" "$3"; then echo other; return; fi
  echo as "$1"; shift 4
  # That one file may be written to needs no shell to say it: nothing else ends with 0 and no word.
  if [ $# = 1 ] && [ -z "$enter" ] && [ -f "$1" ] && [ -x /usr/bin/test ]; then
    said=$(instead $as /usr/bin/test -w "$1" 2>&1) && [ -z "$said" ] && { echo 1 yes; return; }
  fi
  said=$(instead $enter $as sh -c "$as_them" sh "$@") || {
    status=$?; printf '%s\n' "$said"; return $status
  }
  printf '%s\n' "$said"
  case $said in *not*) limited $enter sh -c "$there" sh "$@" ;; esac
}
