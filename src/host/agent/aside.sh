# Renames or removes data.

# mounts DIRECTORY: prints the directory if it is a mount point, and the mount points in it, one a line.
mounts() {
  real=$(cd -P -- "$1" 2>/dev/null && pwd -P) || return 0
  grep -s -F -e " $real" /proc/self/mountinfo | while read -r _ _ _ _ where _; do
    case $where in "$real" | "$real"/*) printf '%s\n' "$where" ;; esac
  done
}

# is_fixed DIRECTORY: true if it can't be renamed: it is a mount point, or its parent can't be changed (a
# read-only filesystem, an immutable directory).
is_fixed() {
  [ -w "${1%/*}/" ] || return 0
  is_mount "$1"
}

# mounts_in DIRECTORY: as `mounts`, without itself. They would move with the renamed directory, and come back
# with its data at the next boot.
mounts_in() {
  real=$(cd -P -- "$1" 2>/dev/null && pwd -P) || return 0
  mounts "$1" | grep -v -x -F -e "$real" || true
}

require_no_mounts() {
  below=$(mounts_in "$1")
  [ -z "$below" ] || fail "$1 contains the mount point $(printf '%s\n' "$below" | head -n 1): it can't be renamed; nothing in it was changed"
}

# take_over DIRECTORY: gives it to root, so that no other user can replace anything in it with a link while
# root works on it.
take_over() {
  require_root "${1%/*}"
  own "$1" root root 700
}

# keep_within DIRECTORY SUFFIX: moves its content into a subdirectory. Can be repeated: a later call moves the rest.
keep_within() {
  take_over "$1"
  kept=$1/.quorate-aside.$2
  mkdir -p -m 700 -- "$kept"
  is_directory "$kept" && [ -O "$kept" ] || fail "$kept is not a directory owned by root: inspect it, then remove it"
  for entry in "$1"/* "$1"/.[!.]* "$1"/..?*; do
    [ -L "$entry" ] || counts "$entry" || continue
    to=$kept/${entry##*/}
    if [ -e "$to" ] || [ -L "$to" ]; then fail "$to already exists and is not overwritten"; fi
    mv -T -- "$entry" "$to"
  done
}

# Renames paths within their directory. What can't be renamed is emptied into a subdirectory. Nothing is deleted.
takes_aside='changes suffix ..paths'
op_aside() {
  while [ $# -gt 0 ]; do
    if is_directory "$1"; then
      require_no_mounts "$1"
      if ! is_fixed "$1"; then
        mv -T "$1" "$1.$arg_suffix"
        printf 'moved %s %s\n' "$1" "$1.$arg_suffix"
      elif holds "$1"; then
        keep_within "$1" "$arg_suffix"
        printf 'moved %s %s\n' "$1" "$1/.quorate-aside.$arg_suffix"
      fi
    elif [ -e "$1" ]; then
      mv -T "$1" "$1.$arg_suffix"
      printf 'moved %s %s\n' "$1" "$1.$arg_suffix"
    elif [ -L "$1" ]; then
      # The link's target was renamed; the link itself contains no data.
      rm -f "$1"
    fi
    shift
  done
}

# If the directory itself can't be removed, its content is.
takes_remove='changes ..paths'
op_remove() {
  while [ $# -gt 0 ]; do
    if is_directory "$1" && is_fixed "$1"; then
      take_over "$1"
      for entry in "$1"/* "$1"/.[!.]* "$1"/..?*; do
        if [ -L "$entry" ] || counts "$entry"; then rm -rf -- "$entry"; fi
      done
    else
      rm -rf -- "$1"
    fi
    shift
  done
}
