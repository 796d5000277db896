# Each operation says in `takes_NAME` whether it `changes` something or `reads`, and its words: `..name` any number of them at
# the end, `~name` one that may be left out.

# check_words COUNT NAME WORD…: this operation is known, and has all its words and none too many.
check_words() {
  takes=
  case $2 in *[!a-z_]* | '') ;; *) eval "takes=\${takes_$2-}" ;; esac
  [ -n "$takes" ] || fail "unknown operation $2; nothing was changed"
  [ "$1" -lt $# ] || fail "$2: the list of operations is cut off; nothing was changed"
  left=$(($1 - 1))
  for word in ${takes#* }; do
    case $word in
      changes | reads) ;;
      ..*) left=0 ;;
      '~'*) [ "$left" = 0 ] || left=$((left - 1)) ;;
      *)
        [ "$left" -gt 0 ] || fail "$2: the argument $word is missing; nothing was changed"
        left=$((left - 1))
        ;;
    esac
  done
  [ "$left" = 0 ] || fail "$2: $left more arguments than it takes; nothing was changed"
}

# check_all COUNT NAME WORD… …: all of them, before the first is carried out.
check_all() {
  while [ $# -gt 0 ]; do
    check_words "$@"
    shift "$(($1 + 1))"
  done
}

check_all "$@"
number=0
while [ $# -gt 0 ]; do
  words=$1
  shift
  eval "takes=\$takes_$1"
  case $takes in
    reads*) "op_$1" "$@" ;;
    *)
      [ "$1" = fence ] || check_fence "$1"
      "op_$1" "$@"
      printf 'step %s ok\n' "$number"
      number=$((number + 1))
      ;;
  esac
  shift "$words"
done
