# Checks who controls a directory. etcd can replace what it can write to at any moment, so an earlier check
# proves nothing. Therefore root works only below directories that belong to root up to `/`, where checked
# files stay unchanged.

# is_directory PATH: true for a directory, not for a link to one.
is_directory() {
  [ ! -L "$1" ] && [ -d "$1" ]
}

# require_directory PATH
require_directory() {
  is_directory "$1" || fail "$1 is $(stat -c '%F of the user %U' -- "$1" 2>/dev/null || echo missing), not a directory; nothing in it was changed"
}

# require_root DIRECTORY: fails unless it and all its parents belong to root and no other user can write to
# them. A link in the path is accepted if root created it.
require_root() {
  folder=$1
  set -- /
  for path in "$folder" "$(readlink -f -- "$folder")"; do
    while [ -n "$path" ]; do
      set -- "$@" "$path"
      path=${path%/*}
    done
  done
  loose=$(stat -c '%u %U %G %a %F|%n' -- "$@" | while read -r id owner group mode what; do
    [ "$id $(is_open "$group" "$mode" "$what" "$folder")" = '0 no' ] && continue
    printf '%s (user %s, group %s, mode %s)\n' "${what#*|}" "$owner" "$group" "$mode"
    break
  done)
  [ -z "$loose" ] || fail "root can't work safely in $folder: other users can write to $loose; nothing was changed. Fix: chown root: ${loose%% (*} && chmod go-w ${loose%% (*}"
}

# is_open GROUP MODE TYPE|PATH DIRECTORY: yes or no. In a sticky parent of DIRECTORY no other user can replace
# root's files.
is_open() {
  case $3 in 'symbolic link|'*) echo no && return 0 ;; esac
  case $2 in
    1??[2367] | 1?[2367]?) if [ "${3#*|}" = "$4" ]; then echo yes; else echo no; fi ;;
    *[2367]) echo yes ;;
    *[2367]?)
      # With an access control list these bits are the maximum for any user or group in it.
      case $1-$(ls -ld -- "${3#*|}") in etcd-* | *-??????????+*) echo yes ;; *) echo no ;; esac
      ;;
    *) echo no ;;
  esac
}

# own DIRECTORY OWNER GROUP MODE: sets these without blocking its users: access is extended first and reduced
# last. With five digits chmod also removes an inherited set-group-ID bit.
own() {
  require_directory "$1"
  if [ "$2" != root ]; then
    chown -h "$2:$3" "$1"
    chmod "00$4" "$1"
    return 0
  fi
  chmod "00$4" "$1"
  chown -h "$2:$3" "$1"
  # The former owner could undo the first chmod.
  chmod "00$4" "$1"
  plain "$1" "$4"
}

# plain DIRECTORY MODE: gives it to root, without access beyond its mode.
plain() {
  case $(ls -ld -- "$1") in
    ??????????+*)
      setfacl -b -k -- "$1" 2>/dev/null || fail "$1 has an access control list; remove it: setfacl -b -k $1"
      chmod "00$2" "$1"
      ;;
  esac
}

# wal_within DATA WAL: true if the WAL is within the data directory.
wal_within() {
  case $2/ in "$1"/*) return 0 ;; *) return 1 ;; esac
}

# require_ground DATA WAL: checks that their parent directories belong to root.
require_ground() {
  require_root "${1%/*}"
  wal_within "$1" "$2" || require_root "${2%/*}"
}

# secure DATA WAL: gives their parent directories to root where necessary.
secure() {
  for folder in "${1%/*}" "${2%/*}"; do
    case $folder/ in "$1"/*) continue ;; esac
    require_root "${folder%/*}"
    [ "$(stat -c '%u %a' -- "$folder")" = '0 755' ] || (require_root "$folder") 2>/dev/null || own "$folder" root root 755
  done
  require_directory "$1"
  wal_within "$1" "$2" || require_directory "$2"
}

# etcd creates its WAL by renaming a sibling directory, so it must write to the parent at a member's first
# start. Root does nothing below it until ground_close. If a WAL exists by now, nothing is opened.
takes_ground_open='changes wal'
op_ground_open() {
  ! holds "$arg_wal" || return 0
  above=${arg_wal%/*}
  require_root "${above%/*}"
  require_directory "$above"
  chown -h root:etcd "$above"
  chmod 1775 "$above"
}

# Gives the parent back to root and checks what etcd created in it.
takes_ground_close='changes data wal'
op_ground_close() {
  own "${arg_wal%/*}" root root 755
  for folder in "$arg_data" "$arg_wal"; do
    require_directory "$folder"
    [ "$(stat -c %U -- "$folder")" = etcd ] || fail "$folder belongs to the user $(stat -c %U -- "$folder"), not to etcd"
  done
}

# content FILE [PIECES]: prints at most 1 MiB of it, or so many pieces of 64 KiB. Follows no link and doesn't block
# on a pipe.
content() {
  dd if="$1" iflag=nofollow,nonblock bs=64K count="${2:-16}" status=none 2>/dev/null
}

# is_known PROPERTY: true if this systemd supports the sandbox property (systemd.exec(5) says since when).
# systemd-run refuses an unknown property; in a unit file it is ignored.
is_known() {
  since=0
  case $1 in
    ProtectProc | ProcSubset) since=247 ;;
    ProtectClock) since=245 ;;
    ProtectKernelLogs) since=244 ;;
    ProtectHostname | RestrictSUIDSGID) since=242 ;;
    PrivateMounts) since=239 ;;
  esac
  if [ -z "${systemd:-}" ]; then systemd=$(systemctl --version 2>/dev/null | sed -n '1s/^systemd \([0-9]*\).*/\1/p'); fi
  [ "${systemd:-$since}" -ge "$since" ]
}

# as_etcd DIRECTORIES COMMAND…: runs the command as the user etcd in the unit $sandbox, with etcd's sandbox,
# no network, only DIRECTORIES (separated by spaces) writable, and without the environment that systemd gives
# to every service. The caller has set $sandbox, so that the unit ends with this program.
as_etcd() {
  folders=$1
  shift
  systemctl reset-failed "$sandbox" 2>/dev/null || true
  # Both spellings, because an old systemd doesn't know the other.
  suid=--property=NoNewPrivileges=yes
  if is_known RestrictSUIDSGID; then suid=--property=RestrictSUIDSGID=yes; fi
  systemd-run --quiet --wait --pipe --collect --unit="$sandbox" --property=User=etcd --property=Group=etcd \
    --property=UMask=0077 --property=WorkingDirectory=/ --property=TimeoutStopSec=60 --property=ProtectSystem=strict \
    --property="ReadWritePaths=$folders" --property=ProtectHome=yes --property=PrivateTmp=yes --property=PrivateDevices=yes \
    --property=PrivateNetwork=yes --property=NoNewPrivileges=yes \
    --property=CapabilityBoundingSet= --property=RestrictNamespaces=yes "$suid" \
    --property=ProtectKernelTunables=yes --property=ProtectControlGroups=yes --property=LockPersonality=yes \
    --property=SystemCallArchitectures=native --property=SystemCallFilter=@system-service \
    --property='SystemCallFilter=~@privileged @resources' --property=SystemCallErrorNumber=EPERM \
    -- /usr/bin/env -i "PATH=$PATH" LC_ALL=C "$@"
}
