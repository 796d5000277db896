# What lies in quorate's lock on this machine, for those who judge it. Its time is the machine's uptime within one boot: a
# wall clock can be set. Nothing that lies there is believed: a file may be empty, huge, a link or a pipe.
folder=/run/quorate
lock=$folder/lock

# read_first FILE: $first is a regular file's first line, of 4 KiB at most and without control characters; fails where
# there is no such file.
read_first() {
  first=
  if [ -L "$1" ] || [ ! -f "$1" ]; then return 1; fi
  first=$(head -c 4096 "$1" 2>/dev/null | head -n 1 | tr -d '\000-\037\177')
}

# read_uptime: $boot and $uptime, whole seconds since this boot.
read_uptime() {
  boot=-
  uptime=0
  read -r boot </proc/sys/kernel/random/boot_id
  read -r uptime _ </proc/uptime
  uptime=${uptime%.*}
}

# read_lock: $id tells this lock from every other one, $beat is its last sign of life (`BOOT:UPTIME:MTIME`, or what there is
# of it), $who its holder's text. Fails where nobody has it.
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
  # The lock may go at any moment where this only looks.
  id=$(printf '%s %s' "$(stat -c '%F %i' "$lock" 2>/dev/null)" "$token" | sha256sum)
  id=${id%% *}
  beat=$(printf '%.80s' "$beat" | tr ' ' ':' | tr -cd '0-9a-f:-'):$(stat -c %Y "$written" 2>/dev/null) || return 1
}

# report_lock: `held <id> <beat> <boot> <uptime> <wall clock> <who>`, times in seconds, of what `read_lock` found.
report_lock() {
  read_uptime
  printf 'held %s %s %s %s %s %s\n' "$id" "$beat" "$boot" "$uptime" "$(date +%s)" "$who"
}

# enter: no other process reads or changes the lock until `flock -u 9`. $folder is root's alone from here on.
enter() {
  mkdir -p "$folder"
  case $(stat -c '%F:%u' "$folder") in
    directory:0) chmod 700 "$folder" ;;
    *)
      echo "$folder is not a directory that belongs to root: quorate can't keep its lock there" >&2
      exit 1
      ;;
  esac
  # A pipe would keep us waiting, and a link would lead elsewhere.
  if [ -L "$folder/mutex" ] || { [ -e "$folder/mutex" ] && [ ! -f "$folder/mutex" ]; }; then rm -rf "$folder/mutex"; fi
  exec 9>>"$folder/mutex"
  flock -w 10 9 || {
    echo "another process has kept $folder/mutex locked for 10 s: fuser -v $folder/mutex names it" >&2
    exit 1
  }
}
