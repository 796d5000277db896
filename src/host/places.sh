# How quorate inspects a path on a node. The agent and preflight share it.

# nearest PATH: sets $near to PATH or its nearest existing parent directory; follows links.
nearest() {
  near=$1
  until [ -d "$near" ]; do
    near=${near%/*}
    [ -n "$near" ] || near=/
  done
}

# holds DIRECTORY: true if it contains data.
holds() {
  for entry in "$1"/* "$1"/.[!.]*; do
    if counts "$entry"; then return 0; fi
  done
  return 1
}

# counts ENTRY: true if it is data. Not counted: quorate's own files, which only root can access (data that it
# renamed within the directory, files of a current or killed run), and what a new filesystem contains.
counts() {
  [ -e "$1" ] || return 1
  case ${1##*/} in
    .quorate-aside.*) ! is_directory "$1" || [ ! -O "$1" ] ;;
    .quorate-preflight.* | .quorate-incoming.*) [ -L "$1" ] || [ ! -O "$1" ] ;;
    lost+found) ! is_lost_and_found "$1" ;;
  esac
}

# is_lost_and_found DIRECTORY: true if it is the empty directory that mkfs creates. Its owner may be etcd by now.
is_lost_and_found() {
  if [ -L "$1" ] || [ ! -d "$1" ]; then return 1; fi
  case $(stat -c '%U %a' -- "$1") in 'root 700' | 'etcd 700') ;; *) return 1 ;; esac
  for lost in "$1"/* "$1"/.[!.]*; do
    if [ -e "$lost" ] || [ -L "$lost" ]; then return 1; fi
  done
  is_mount "$1/.."
}

# is_mount DIRECTORY: true if it is a mount point.
is_mount() {
  mount_point=$(cd -P -- "$1" 2>/dev/null && pwd -P) && cut -d ' ' -f 5 </proc/self/mountinfo | grep -q -x -F -e "$mount_point"
}

# links PATH…: prints `link PATH TARGET` for each symbolic link, with its final target.
links() {
  for path in "$@"; do
    [ ! -L "$path" ] || printf 'link %s %s\n' "$path" "$(readlink -m -- "$path" | tr -d '\n' | head -c 1024)"
  done
}
