# Takes quorate's lock on this machine from its holder. $1: the lock's ID; $2: its last beat, or nothing where it may go on
# beating. Prints "removed", "free" where nobody has it (any more), or "held …" (see `report_lock`): it is another one, or beat.
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
