number=0
while [ $# -gt 0 ]; do
  words=$1
  shift
  case $1 in
    facts) op_facts "$@" ;;
    member) op_member "$@" ;;
    restore) op_restore "$@" ;;
    consumers) op_consumers ;;
    service | device | holder | ask) "look_$1" "$@" ;;
    *)
      [ "$1" = fence ] || check_fence "$1"
      case $1 in
        receive) op_receive "$@" ;;
        tls-modes) op_tls_modes "$@" ;;
        fence | packages | user | directory | file | binary | key | certificates | ca | reload | enable | start | ready | restart | stop | aside | remove | incoming | ground_* | recover_* | restore_* | schedule_* | service_*)
          "op_$1" "$@"
          ;;
        *) fail "unknown operation $1" ;;
      esac
      printf 'step %s ok\n' "$number"
      number=$((number + 1))
      ;;
  esac
  shift "$words"
done
