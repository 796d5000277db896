# Each operation declares in `takes_NAME` whether it `changes` something or `reads`, and its arguments: `name`
# one value, `~name` an optional one, `@name` content, by the name under which it arrives, `..names` any
# number of values, at the end.
#
# Its function finds the values as `$arg_NAME` (empty: left out; for content: the file), and the list as "$@".
# Values are data and never evaluated. Names are checked against the declaration before they are evaluated.

# check_arguments COUNT NAME ARGUMENT…: checks that the operation is known and that none of its arguments is
# missing, unknown or repeated.
check_arguments() {
  operation=$2
  takes=
  case $2 in *[!a-z_]* | '') ;; *) eval "takes=\${takes_$2-}" ;; esac
  [ -n "$takes" ] || fail "unknown operation $2; nothing was changed"
  [ "$1" -lt $# ] || fail "$2: the list of operations is truncated; nothing was changed"
  takes=${takes#changes}
  takes="${takes#reads} "
  left=$(($1 - 1))
  shift 2
  given=' '
  while [ "$left" -gt 0 ]; do
    name=${1%%=*}
    case $1 in *=*) ;; *) fail "$operation: the argument $1 has no name; nothing was changed" ;; esac
    case $name in *[!a-z0-9_]* | '') fail "$operation: it takes no argument $name; nothing was changed" ;; esac
    case $takes in
      *" ..$name "*) ;;
      *" $name "* | *" ~$name "* | *" @$name "* | *" ~@$name "*)
        case $given in *" $name "*) fail "$operation: the argument $name is given twice; nothing was changed" ;; esac
        ;;
      *) fail "$operation: it takes no argument $name; nothing was changed" ;;
    esac
    given="$given$name "
    shift
    left=$((left - 1))
  done
  for name in $takes; do
    case $name in ..* | '~'*) continue ;; esac
    case $given in *" ${name#@} "*) ;; *) fail "$operation: the argument ${name#@} is missing; nothing was changed" ;; esac
  done
}

# check_all COUNT NAME ARGUMENT… …: checks all operations before the first one runs.
check_all() {
  while [ $# -gt 0 ]; do
    check_arguments "$@"
    shift "$(($1 + 1))"
  done
}

# carry_out COUNT NAME ARGUMENT… …: runs the first of these operations.
carry_out() {
  operation=$2
  for name in $takes; do
    case $name in '~'*) name=${name#'~'} && eval "arg_${name#@}=" ;; esac
  done
  left=$(($1 - 1))
  behind=$(($# - $1 - 1))
  shift 2
  # The list's values are moved to the end, so that only they remain.
  while [ "$left" -gt 0 ]; do
    name=${1%%=*}
    case " $takes " in
      *" ..$name "*) set -- "$@" "${1#*=}" ;;
      *"@$name "*) eval "arg_$name=\$staging/\${1#*=}" ;;
      *) eval "arg_$name=\${1#*=}" ;;
    esac
    shift
    left=$((left - 1))
  done
  shift "$behind"
  "op_$operation" "$@"
}

check_all "$@"
number=0
# A function that reports what operations have collected.
at_end=
while [ $# -gt 0 ]; do
  eval "takes=\$takes_$2"
  case $takes in
    reads*) carry_out "$@" ;;
    *)
      [ "$2" = fence ] || check_fence "$2"
      carry_out "$@"
      printf 'step %s ok\n' "$number"
      number=$((number + 1))
      ;;
  esac
  shift "$(($1 + 1))"
done
# shellcheck disable=SC2086 # a function, or nothing
$at_end
