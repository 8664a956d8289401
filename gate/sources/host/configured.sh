# Which files of a folder are read: functions for the probe of `gate.sources.host.configured`.
#
# POSIX sh with awk. What is printed are lines "folder TAB path".

newline='
'
tab=$(printf '\t')
# parts_read FOLDER...: what is in folders that hold others of which nothing is read before somebody
# links it elsewhere (sites-available and the like), but for those.
parts_read() {
  for place; do
    held=
    for one in "$place"/*-available; do [ ! -d "$one" ] || held=yes; done
    [ -n "$held" ] || continue
    for one in "$place"/*; do
      case $one in *-available | *'/*') ;; *) printf '%s\t%s\n' "$place" "$one" ;; esac
    done
  done
  return 0
}
# names FILE...: what the files include, and the keys and certificates that they name, as nginx
# writes it; a line each, with `include` or `file` in front.
names() {
  limited awk '
    { sub(/^#.*/, ""); sub(/[ \t]#.*/, ""); text = text " " $0 }
    END {
      while (match(text, /[ \t;{}](include|[a-z_]*ssl_[a-z_]*(certificate|certificate_key|dhparam))[ \t]+("[^"]*"|\047[^\047]*\047|[^;{} \t]+)[ \t]*;/)) {
        one = substr(text, RSTART + 1, RLENGTH - 2); text = substr(text, RSTART + RLENGTH - 1)
        word = one; sub(/[ \t].*/, "", word)
        sub(/^[^ \t]*[ \t]+/, "", one); sub(/[ \t]+$/, "", one)
        if (one ~ /^["\047]/) one = substr(one, 2, length(one) - 2)
        print (word == "include" ? "include" : "file"), one
      }
    }' "$@"
}
# follow FILE...: each of them, and what it includes, and so on, LEVELS deep. Where a pattern is like
# everything in its folder, the folder stands for it: what is added there is read, too. Nothing where
# one of them may not be read: what it includes is not known.
follow() {
  for first; do
    [ -f "$first" ] && [ -r "$first" ] || continue
    folder=${first%/*} level=0 unread= seen=$newline$first$newline
    lines=$folder$tab$first$newline
    set -- "$first"
    while [ $# -gt 0 ] && [ $level -lt LEVELS ]; do
      level=$((level + 1)) named=$(names "$@"); set --
      while read -r how pattern; do
        case $pattern in '') continue ;; /*) ;; *) pattern=$folder/$pattern ;; esac
        all=$(whole "$pattern") && lines=$lines$folder$tab$all$newline || all=
        kept=$IFS; IFS=
        for file in $pattern; do
          [ -f "$file" ] || continue
          case $seen in *"$newline$file$newline"*) continue ;; esac
          seen=$seen$file$newline
          [ -n "$all" ] || lines=$lines$folder$tab$file$newline
          [ "$how" = file ] || { set -- "$@" "$file"; [ -r "$file" ] || unread=$file; }
        done
        IFS=$kept
      done <<end
$named
end
    done
    [ -n "$unread" ] || printf '%s' "$lines"
  done
  return 0
}
# whole PATTERN: the folder of which it is like everything; fails where there is none.
whole() {
  all=${1%/*}
  case $all in *[*?[]*) return 1 ;; esac
  case ${1##*/} in *[*?[]*) ;; *) return 1 ;; esac
  [ -d "$all" ] || return 1
  for one in "$all"/*; do
    [ -e "$one" ] || continue
    case $one in $1) ;; *) return 1 ;; esac
  done
  printf '%s\n' "$all"
}
