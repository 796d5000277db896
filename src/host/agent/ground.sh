# Whose ground a folder is. What etcd can write it can replace at any moment, and a look beforehand proves nothing: so root
# works only below folders that are root's all the way up, where what was looked at stays what it was.

# is_directory PATH: a directory, and no link to one.
is_directory() {
  [ ! -L "$1" ] && [ -d "$1" ]
}

# require_directory PATH
require_directory() {
  is_directory "$1" || fail "$1 is $(stat -c '%F of the user %U' -- "$1" 2>/dev/null || echo missing), not a directory; nothing was changed there"
}

# require_root FOLDER: stops here unless it and all above it are root's, and nobody else can write there. A link on the way
# may lead elsewhere if root made it.
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

# is_open GROUP MODE TYPE|PATH FOLDER: yes or no. In a sticky folder above FOLDER nobody can replace what is root's.
is_open() {
  case $3 in 'symbolic link|'*) echo no && return 0 ;; esac
  case $2 in
    1??[2367] | 1?[2367]?) if [ "${3#*|}" = "$4" ]; then echo yes; else echo no; fi ;;
    *[2367]) echo yes ;;
    *[2367]?)
      # With an access control list these bits are the most that any user or group in it has.
      case $1-$(ls -ld -- "${3#*|}") in etcd-* | *-??????????+*) echo yes ;; *) echo no ;; esac
      ;;
    *) echo no ;;
  esac
}

# own FOLDER OWNER GROUP MODE: made its. Who uses it can all the time: given away first, taken back last. With five digits
# chmod takes away what a set-group-ID directory above has passed on.
own() {
  require_directory "$1"
  if [ "$2" != root ]; then
    chown -h "$2:$3" "$1"
    chmod "00$4" "$1"
    return 0
  fi
  chmod "00$4" "$1"
  chown -h "$2:$3" "$1"
  # Its owner could undo the first one.
  chmod "00$4" "$1"
  plain "$1" "$4"
}

# plain FOLDER MODE: of root's, with no more than its mode says.
plain() {
  case $(ls -ld -- "$1") in
    ??????????+*)
      setfacl -b -k -- "$1" 2>/dev/null || fail "$1 has an access control list; remove it: setfacl -b -k $1"
      chmod "00$2" "$1"
      ;;
  esac
}

# wal_within DATA WAL: whether the log lies within the data folder.
wal_within() {
  case $2/ in "$1"/*) return 0 ;; *) return 1 ;; esac
}

# require_ground DATA WAL: the folders that these lie in are root's.
require_ground() {
  require_root "${1%/*}"
  wal_within "$1" "$2" || require_root "${2%/*}"
}

# secure DATA WAL: the folders that these lie in are root's from now on, if one is not.
secure() {
  for folder in "${1%/*}" "${2%/*}"; do
    case $folder/ in "$1"/*) continue ;; esac
    require_root "${folder%/*}"
    [ "$(stat -c '%u %a' -- "$folder")" = '0 755' ] || (require_root "$folder") 2>/dev/null || own "$folder" root root 755
  done
  require_directory "$1"
  wal_within "$1" "$2" || require_directory "$2"
}

# etcd makes its log by renaming a sibling: at a member's first start it must write to the folder above.
# Nothing of root's happens below until ground_close. Where there is a log by now nothing is opened.
takes_ground_open='changes wal'
op_ground_open() {
  ! holds "$arg_wal" || return 0
  above=${arg_wal%/*}
  require_root "${above%/*}"
  require_directory "$above"
  chown -h root:etcd "$above"
  chmod 1775 "$above"
}

# Taken back, and what etcd made there is what it should be.
takes_ground_close='changes data wal'
op_ground_close() {
  own "${arg_wal%/*}" root root 755
  for folder in "$arg_data" "$arg_wal"; do
    require_directory "$folder"
    [ "$(stat -c %U -- "$folder")" = etcd ] || fail "$folder belongs to the user $(stat -c %U -- "$folder"), not to etcd"
  done
}

# content FILE: what is in it; at most 1 MiB, not through a link, and without waiting for who would fill a pipe.
content() {
  dd if="$1" iflag=nofollow,nonblock bs=64K count=16 status=none 2>/dev/null
}

# is_known PROPERTY: of a sandbox, to this systemd (systemd.exec(5) says since when). systemd-run refuses what it does not know;
# the same line of a unit file is passed over.
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

# as_etcd FOLDERS COMMAND…: runs it as the user etcd in the unit $sandbox, shut in as etcd is itself: no network, and nothing to
# write but FOLDERS (blanks between them), and nothing of what systemd gives to every service. The caller has set $sandbox, so that it ends with us.
as_etcd() {
  folders=$1
  shift
  systemctl reset-failed "$sandbox" 2>/dev/null || true
  # Said twice where it does not know the other.
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
