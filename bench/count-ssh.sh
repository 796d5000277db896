#!/bin/sh
# Stands in for ssh and writes a line for each use, to find out how many there are. $BENCH_SSH is the real one,
# $BENCH_SSH_LOG the file. `login`: a connection that others share; `command`: a session over it; `control`: a word to
# the local master, which is no trip to the machine.
kind='command'
for word in "$@"; do
  case $word in
  -M | -MN) kind=login ;;
  -O) kind=control ;;
  -G | -V) kind=local ;;
  esac
done
echo "$kind" >>"$BENCH_SSH_LOG"
exec "$BENCH_SSH" "$@"
