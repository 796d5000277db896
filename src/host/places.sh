# How quorate looks at a path on a machine: one text for the agent, which works there, and for preflight, which looks beforehand.

# nearest PATH: $near is the directory that is next up from there, or PATH itself; links are followed.
nearest() {
  near=$1
  until [ -d "$near" ]; do
    near=${near%/*}
    [ -n "$near" ] || near=/
  done
}

# holds FOLDER: whether there is any data in it.
holds() {
  for entry in "$1"/* "$1"/.[!.]*; do
    if counts "$entry"; then return 0; fi
  done
  return 1
}

# counts ENTRY: whether it is somebody's data. What quorate has there is root's alone: what it moved aside within the same
# directory, and what a run is at work on, or has left when it was killed. Neither is what a filesystem brings along.
counts() {
  [ -e "$1" ] || return 1
  case ${1##*/} in
    .quorate-aside.*) ! is_directory "$1" || [ ! -O "$1" ] ;;
    .quorate-preflight.* | .quorate-incoming.*) [ -L "$1" ] || [ ! -O "$1" ] ;;
    lost+found) ! is_lost_and_found "$1" ;;
  esac
}

# is_lost_and_found FOLDER: as mkfs leaves it at a filesystem's root, and empty. etcd may own it by now, with all around it.
is_lost_and_found() {
  if [ -L "$1" ] || [ ! -d "$1" ]; then return 1; fi
  case $(stat -c '%U %a' -- "$1") in 'root 700' | 'etcd 700') ;; *) return 1 ;; esac
  for lost in "$1"/* "$1"/.[!.]*; do
    if [ -e "$lost" ] || [ -L "$lost" ]; then return 1; fi
  done
  is_mount "$1/.."
}

# is_mount FOLDER: something is mounted there.
is_mount() {
  mount_point=$(cd -P -- "$1" 2>/dev/null && pwd -P) && cut -d ' ' -f 5 </proc/self/mountinfo | grep -q -x -F -e "$mount_point"
}

# links PATH…: `link PATH TARGET` of each that is a symbolic link, with where it leads in the end.
links() {
  for path in "$@"; do
    [ ! -L "$path" ] || printf 'link %s %s\n' "$path" "$(readlink -m -- "$path" | tr -d '\n' | head -c 1024)"
  done
}
