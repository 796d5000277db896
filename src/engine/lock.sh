# Holds quorate's lock on this node as long as standard input stays open and lines keep arriving.
# $1: the holder's token; $2: a description of the holder; $3 and $4: ID and last heartbeat of a lock that counts as
# abandoned, and is taken over if it is still that one.
# Prints "locked" or "took-over" if it gets the lock; "ours" if the same holder already has it, under another name of this
# node; or "held …" (see `report_lock`) before it ends. If another command must be completed first, it prints
# "underway <verb> <command that completes it>" before that.
set -eu
umask 077
export LC_ALL=C
own=$1
holder=$2

is_ours() {
  read_first "$lock/token" && [ "$first" = "$own" ]
}

# Replaced with one rename, so that no reader finds it empty. Older versions read the file's modification time.
beat() {
  read_uptime
  printf '%s %012d\n' "$boot" "$uptime" 1<>"$lock/beat"
}

# A hangup reaches everything that this program starts, and it must not stop the release of the lock.
give_back() {
  trap '' HUP INT PIPE TERM
  # If another process keeps the mutex, the lock expires after a while.
  flock -w 10 9 || exit 1
  if is_ours; then rm -rf "$lock"; fi
}

enter
answer=locked
if read_lock; then
  if [ "$token" = "$own" ]; then
    echo ours
    exit 0
  fi
  if [ "$id" != "$3" ] || [ "$beat" != "$4" ]; then
    report_lock
    exit 0
  fi
  answer=took-over
  rm -rf "$lock"
fi
{ mkdir "$lock" && printf '%s' "$holder" >"$lock/holder" && beat && printf '%s' "$own" >"$lock/token"; } || {
  # An incomplete lock would keep others waiting.
  rm -rf "$lock"
  exit 1
}
flock -u 9
trap give_back EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 141' PIPE
trap 'exit 143' TERM
if [ -f /var/lib/quorate/underway ]; then
  verb=
  command=
  while IFS='=' read -r key value; do
    case $key in
      verb) verb=$value ;;
      command) command=$value ;;
    esac
  done </var/lib/quorate/underway
  printf 'underway %s %s\n' "$verb" "$command"
fi
echo "$answer"
while IFS= read -r _line; do
  # Another run took the lock over because it considered this one dead. The fence refuses every further change by this one.
  # Exit code: LOCK_LOST in src/host/hint.ts.
  is_ours || {
    echo "the lock on this machine is not ours any more: another operator took it, or removed it" >&2
    exit 75
  }
  beat
done
