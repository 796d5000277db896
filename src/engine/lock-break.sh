# Removes quorate's lock on this node. $1: the lock's ID; $2: its last heartbeat, or nothing if later heartbeats don't matter.
# Prints "removed", "free" if there is no lock, or "held …" (see `report_lock`) if it is another one or has a new heartbeat.
set -eu
umask 077
export LC_ALL=C
enter
if ! read_lock; then
  echo free
elif [ "$id" != "$1" ] || { [ -n "$2" ] && [ "$beat" != "$2" ]; }; then
  report_lock
else
  rm -rf "$lock"
  echo removed
fi
