#!/bin/sh
# Stands in for ssh and goes nowhere: writes down when a login was asked for first, and fails as an unreachable machine does.
# $BENCH_SSH is the real one, which answers what it knows itself; $BENCH_SSH_LOG the file.
for word in "$@"; do
  case $word in
  -V | -G) exec "$BENCH_SSH" "$@" ;;
  esac
done
[ -e "$BENCH_SSH_LOG" ] || date +%s%N >"$BENCH_SSH_LOG"
echo 'ssh: connect to host: Connection refused' >&2
exit 255
