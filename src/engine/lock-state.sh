# Reads the content of quorate's lock on this node; quorate judges it. Times are the node's uptime within one boot, because
# a wall clock can be set. The content is untrusted: a file may be empty, huge, a link or a pipe.
folder=/run/quorate
lock=$folder/lock

# read_first FILE: sets $first to the first line of a regular file, at most 4 KiB and without control characters; fails if
# there is no such file.
read_first() {
  first=
  if [ -L "$1" ] || [ ! -f "$1" ]; then return 1; fi
  first=$(head -c 4096 "$1" 2>/dev/null | head -n 1 | tr -d '\000-\037\177')
}

# read_uptime: sets $boot and $uptime, in whole seconds since this boot.
read_uptime() {
  boot=-
  uptime=0
  read -r boot </proc/sys/kernel/random/boot_id
  read -r uptime _ </proc/uptime
  uptime=${uptime%.*}
}

# read_lock: sets $id, which identifies this lock, $beat, its last heartbeat (`BOOT:UPTIME:MTIME`, as far as it exists), and
# $who, the holder's description. Fails if the lock is free.
read_lock() {
  if [ ! -e "$lock" ] && [ ! -L "$lock" ]; then return 1; fi
  who=
  beat=
  token=
  written=$lock
  if [ -d "$lock" ] && [ ! -L "$lock" ]; then
    if read_first "$lock/token"; then token=$first; fi
    if read_first "$lock/holder"; then who=$first; fi
    if read_first "$lock/beat"; then beat=$first; fi
    if [ -e "$lock/beat" ] || [ -L "$lock/beat" ]; then written=$lock/beat; fi
  fi
  # Without the mutex, the lock may disappear at any moment.
  id=$(printf '%s %s' "$(stat -c '%F %i' "$lock" 2>/dev/null)" "$token" | sha256sum)
  id=${id%% *}
  beat=$(printf '%.80s' "$beat" | tr ' ' ':' | tr -cd '0-9a-f:-'):$(stat -c %Y "$written" 2>/dev/null) || return 1
}

# report_lock: prints what `read_lock` found: `held <id> <beat> <boot> <uptime> <wall clock> <who>`, times in seconds.
report_lock() {
  read_uptime
  printf 'held %s %s %s %s %s %s\n' "$id" "$beat" "$boot" "$uptime" "$(date +%s)" "$who"
}

# enter: no other process reads or changes the lock until `flock -u 9`. From then on only root can access $folder.
enter() {
  mkdir -p "$folder"
  case $(stat -c '%F:%u' "$folder") in
    directory:0) chmod 700 "$folder" ;;
    *)
      echo "$folder is not a directory that belongs to root: quorate can't keep its lock there" >&2
      exit 1
      ;;
  esac
  # A pipe would block this program, and a link would lead elsewhere.
  if [ -L "$folder/mutex" ] || { [ -e "$folder/mutex" ] && [ ! -f "$folder/mutex" ]; }; then rm -rf "$folder/mutex"; fi
  exec 9>>"$folder/mutex"
  flock -w 10 9 || {
    echo "another process has kept $folder/mutex locked for 10 s: fuser -v $folder/mutex names it" >&2
    exit 1
  }
}
