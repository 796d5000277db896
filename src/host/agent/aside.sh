# Data that is moved aside, or removed.

# mounts FOLDER: the mount points that it is, and those in it, a line each.
mounts() {
  real=$(cd -P -- "$1" 2>/dev/null && pwd -P) || return 0
  grep -s -F -e " $real" /proc/self/mountinfo | while read -r _ _ _ _ where _; do
    case $where in "$real" | "$real"/*) printf '%s\n' "$where" ;; esac
  done
}

# is_fixed FOLDER: it can't be renamed: it is a mount point, or nothing can be changed in the directory above it (a read-only
# filesystem, an immutable directory).
is_fixed() {
  [ -w "${1%/*}/" ] || return 0
  is_mount "$1"
}

# mounts_in FOLDER: as `mounts`, without itself. Where it is renamed they would go with it, and come back with its data in
# them at the next boot.
mounts_in() {
  real=$(cd -P -- "$1" 2>/dev/null && pwd -P) || return 0
  mounts "$1" | grep -v -x -F -e "$real" || true
}

require_no_mounts() {
  below=$(mounts_in "$1")
  [ -z "$below" ] || fail "$1 contains the mount point $(printf '%s\n' "$below" | head -n 1): it can't be moved aside; nothing was changed there"
}

# take_over FOLDER: root's, so that nobody else can put a link in the place of anything that root works on in it.
take_over() {
  require_root "${1%/*}"
  own "$1" root root 700
}

# keep_within FOLDER SUFFIX: all that is in it, into a directory in it. As often as it takes: a later call finds the rest.
keep_within() {
  take_over "$1"
  kept=$1/.quorate-aside.$2
  mkdir -p -m 700 -- "$kept"
  is_directory "$kept" && [ -O "$kept" ] || fail "$kept is not a directory of root's: inspect it, and remove it"
  for entry in "$1"/* "$1"/.[!.]* "$1"/..?*; do
    [ -L "$entry" ] || counts "$entry" || continue
    to=$kept/${entry##*/}
    if [ -e "$to" ] || [ -L "$to" ]; then fail "$to is there already: it is not written over"; fi
    mv -T -- "$entry" "$to"
  done
}

# Moved away under another name, beside where it was; what can't be renamed is emptied into a directory
# within it. Nothing is deleted.
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
      # What it led to was moved: it holds nothing of its own.
      rm -f "$1"
    fi
    shift
  done
}

# Of a directory that can't be removed itself, what is in it.
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
