# Preflight's rehearsal: tries the operations of a first apply in the directories where apply will do them,
# and removes what it created. Sent before facts.sh, whose variables it uses.

# finding KIND PATH WORDS: prints one line, with a tab before the words, which may be anything.
finding() {
  printf '%s %s\t%s\n' "$1" "$2" "$(printf '%s' "$3" | tr '\n\t' '  ' | head -c 600)"
}

rehearse() {
  rehearse_directories
  rehearse_places "$@"
  rehearse_account
}

# parents: prints the directories that contain data and WAL, one a line; not those that etcd creates itself.
parents() {
  printf '%s\n' "${data%/*}"
  case $wal/ in "$data"/* | "${data%/*}/${wal##*/}"/) ;; *) printf '%s\n' "${wal%/*}" ;; esac
}

rehearse_directories() {
  outer=$(parents)
  # shellcheck disable=SC2086 # paths without blanks: a unit could not hold them
  links "$data" "$wal" $outer | while read -r kind path target; do finding "$kind" "$path" "$target"; done
  for path in $outer; do
    blocked=$path
    while [ -n "$blocked" ]; do
      if { [ -e "$blocked" ] || [ -L "$blocked" ]; } && [ ! -d "$blocked" ]; then
        finding blocked "$blocked" "$(stat -c %F -- "$blocked")"
      fi
      blocked=${blocked%/*}
    done
    # The same check that the agent does before it works there.
    nearest "${path%/*}"
    if words=$( (require_root "$near") 2>&1); then rehearse_ownership "$near"; else finding ground "$near" "$words"; fi
  done
  for path in "$data" "$wal"; do
    if [ -e "$path" ] && [ ! -d "$path" ]; then finding blocked "$path" "$(stat -c %F -- "$path")"; fi
  done
  # etcd creates its WAL by renaming a sibling directory.
  if [ -d "$wal" ] && is_mount "$wal"; then finding mount "$wal" 'a mount point'; fi
}

# rehearse_ownership DIRECTORY: creates a directory as the agent does, and changes its owner.
rehearse_ownership() {
  try=$1/.quorate-preflight.$$
  if words=$(mkdir -m 700 -- "$try" 2>&1); then
    words=$(chown 65534:65534 -- "$try" 2>&1) || finding owner "$1" "$words"
    made=$(stat -c '%u %a' -- "$try")
    # A new directory inherits set-group-ID from its parent; the agent removes it.
    case $words$made in '65534 700' | '65534 2700') ;; [0-9]*) finding owner "$1" "owner remains ${made% *}, mode remains ${made#* }" ;; esac
    # A new directory inherits the parent's access control list.
    case $(ls -ld -- "$try") in ??????????+*) command -v setfacl >/dev/null || finding acl "$1" 'setfacl is missing' ;; esac
    rmdir -- "$try"
  else
    finding write "$1" "$words"
  fi
  try=
}

# rehearse_places: creates and removes a file in each directory that quorate writes to; where etcd will be
# installed, it also runs one.
rehearse_places() {
  try=
  for word; do
    case $word in write:*) ;; *) continue ;; esac
    nearest "${word#write:}"
    case "$try " in *" $near/.quorate-preflight.$$ "*) ;; *) try="$try $near/.quorate-preflight.$$" ;; esac
  done
  # shellcheck disable=SC2086 # paths without blanks; one program for all of them
  said=$(mkdir -m 700 -- $try 2>&1)
  for made in $try; do
    [ -d "$made" ] || finding write "${made%/*}" "$(printf '%s\n' "$said" | grep -F -e "$made")"
  done
  nearest /usr/local/bin
  made=$near/.quorate-preflight.$$
  # Nothing is written to the others: in /tmp another user may already have placed a directory or link of that name.
  if [ ! -L "$made" ] && [ -d "$made" ] && [ -O "$made" ]; then
    rehearse_execution "$made/run"
  fi
  # shellcheck disable=SC2086
  rmdir -- $try 2>/dev/null
  try=
}

# rehearse_execution FILE: checks that programs can be run in its directory.
rehearse_execution() {
  if words=$( (printf '#!/bin/sh\nexit 0\n' >"$1") 2>&1); then
    chmod 700 "$1"
    words=$("$1" 2>&1) || finding execute "$near" "$words"
  else
    finding write "$near" "$words"
  fi
  rm -f "$1"
}

# rehearse_account: checks that the account files can be written and locked, unless nothing has to change in them.
rehearse_account() {
  case $(getent passwd etcd) in *:/bin/false | */nologin) ! getent group etcd >/dev/null || return 0 ;; esac
  for file in passwd group shadow gshadow; do
    [ -f "/etc/$file" ] || continue
    # Opened for writing, but not changed.
    words=$( (: <>"/etc/$file") 2>&1) || finding account "/etc/$file" "$words"
    [ -e "/etc/$file.lock" ] || continue
    # The rule of shadow's tools: a lock is valid while its process runs; one that names no process is always valid.
    holder=
    read -r holder <"/etc/$file.lock" || true
    case $holder in
      '' | *[!0-9]*) finding lock "/etc/$file.lock" 'it names no process' ;;
      *) ! kill -0 "$holder" 2>/dev/null || finding lock "/etc/$file.lock" "process $holder holds it" ;;
    esac
  done
}

# rehearse_sandbox: starts a transient unit with the sandbox of etcd's unit, in which a non-root user enters
# the future directories.
rehearse_sandbox() {
  writable=
  for path in "$data" "${wal%/*}"; do
    nearest "$path"
    writable="$writable $near"
  done
  places=
  for path in $(parents); do
    nearest "${path%/*}"
    places="$places $near"
  done
  user=nobody
  if id -u etcd >/dev/null 2>&1; then user=etcd; fi
  count=$#
  for word; do
    case $word in property:*) ;; *) continue ;; esac
    word=${word#property:}
    if is_known "${word%%=*}"; then set -- "$@" "--property=$word"; fi
  done
  shift "$count"
  transient=quorate-preflight-$$
  # shellcheck disable=SC2016,SC2086 # the inner shell's to expand; paths without blanks
  words=$(timeout 15 systemd-run --quiet --wait --pipe --collect --unit="$transient" --property=User="$user" --property="ReadWritePaths=${writable# }" "$@" \
    -- /bin/sh -c 'for path; do cd -- "$path" || exit 3; done' sh $places 2>&1)
  code=$?
  case $code in
    0) ;;
    3) finding reach "${places##* }" "$words" ;;
    124) finding sandbox 124 'it did not end within 15 s' ;;
    *)
      said=$(journalctl --no-pager -q -o cat -n 20 _PID=1 "UNIT=$transient.service" 2>/dev/null | grep -m 1 -E 'Failed (at step|to)|: Failed')
      finding sandbox "$code" "${said:-$words}"
      ;;
  esac
}

# inodes: `df` of the directories that quorate writes to, first in inodes, then in bytes.
inodes() {
  places=
  for word in "write:$data" "write:$wal" "$@"; do
    case $word in write:*) ;; *) continue ;; esac
    nearest "${word#write:}"
    places="$places $near"
  done
  # shellcheck disable=SC2086 # paths without blanks
  { df -P -i -- $places | tail -n +2; echo; df -P -B 1 -- $places | tail -n +2; }
}

security() {
  for file in /sys/fs/selinux/enforce /sys/module/apparmor/parameters/enabled; do
    [ ! -r "$file" ] || printf '%s=%s\n' "$file" "$(head -c 16 "$file")"
  done
}
