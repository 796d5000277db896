# Holds quorate's lock on this machine for as long as standard input stays open and lines keep coming.
# $1: the holder's token; $2: who holds it, as text; $3 and $4: ID and last beat of a lock that counts as left over, and is
# taken over if it is still that one.
# Prints "locked" or "took-over" (then it is held); or "ours" where the same holder has it already, by another name of this
# machine, or "held …" (see `report_lock`; then it ends). Before that, should a verb have been begun here that must be
# finished first: "underway <verb> <what finishes it>".
set -eu
umask 077
export LC_ALL=C
own=$1
holder=$2

is_ours() {
  read_first "$lock/token" && [ "$first" = "$own" ]
}

# Written over in one piece, so that no reader finds it empty; its time is for versions that look at that.
beat() {
  read_uptime
  printf '%s %012d\n' "$boot" "$uptime" 1<>"$lock/beat"
}

# Who hangs us up hangs up all that we start as well, and that must not hit what gives the lock back.
give_back() {
  trap '' HUP INT PIPE TERM
  # Where somebody sits on the mutex, the lock is left over in a while.
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
  # Half a lock would keep others waiting.
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
  # Taken over by somebody who thought us gone: what we do from here on is refused by the fence.
  is_ours || {
    echo "the lock on this machine is not ours any more: another operator took it, or removed it" >&2
    exit 1
  }
  beat
done
