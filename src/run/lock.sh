# Holds quorate's lock on this machine for as long as standard input stays open and lines keep coming.
# $1: the holder's token; $2: who holds it, as text; $3: seconds of silence after which a holder counts as gone.
# Prints "locked", "took-over <who>" (then it is held) or "held <seconds since last heard> <who>" (then it ends). Before
# that, should a verb have been begun here that must be finished first: "underway <verb> <what finishes it>".
set -eu
umask 077
token=$1
holder=$2
patience=$3
folder=/run/quorate
mkdir -p "$folder"
exec 9>"$folder/mutex"

# Who hangs us up hangs up all that we start as well, and that must not hit what gives the lock back.
give_back() {
  trap '' HUP INT PIPE TERM
  flock 9
  if [ "$(cat "$folder/lock/token" 2>/dev/null)" = "$token" ]; then rm -rf "$folder/lock"; fi
}

flock 9
before=
if [ -d "$folder/lock" ]; then
  beat=$(stat -c %Y "$folder/lock/beat" 2>/dev/null || stat -c %Y "$folder/lock")
  age=$(($(date +%s) - beat))
  before=$(cat "$folder/lock/holder" 2>/dev/null) || before='somebody unknown'
  if [ "$age" -le "$patience" ]; then
    printf 'held %s %s\n' "$age" "$before"
    exit 0
  fi
  rm -rf "$folder/lock"
fi
mkdir "$folder/lock"
printf '%s' "$holder" >"$folder/lock/holder"
: >"$folder/lock/beat"
printf '%s' "$token" >"$folder/lock/token"
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
if [ -n "$before" ]; then printf 'took-over %s\n' "$before"; else echo locked; fi
while IFS= read -r _line; do
  # Taken over by somebody who thought us gone: what we do from here on is refused by the fence.
  [ "$(cat "$folder/lock/token" 2>/dev/null)" = "$token" ] || exit 1
  touch "$folder/lock/beat"
done
