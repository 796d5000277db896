# Folders, files, binaries.

# relabel [-R] PATH…: gives them SELinux's label of their place, where there is SELinux. What is moved keeps the label of where
# it was made, and systemd may not run such a binary. Where that fails the start says so.
relabel() {
  if command -v restorecon >/dev/null; then restorecon "$@" >/dev/null 2>&1 || true; fi
}

identity() {
  stat -L -c '%i:%s:%Y:%Z' "$1"
}

# directory PATH OWNER GROUP MODE
takes_directory='changes path owner group mode'
op_directory() {
  nearest "${2%/*}"
  require_root "$near"
  make_folder "${2%/*}"
  [ -d "$2" ] || mkdir -m 700 "$2"
  own "$2" "$3" "$4" "$5"
  relabel "$2"
}

# settle FILE…: on the disk for good. Not beside fresh binaries: it would wait until all 60 MB of them are there, and
# should the power fail meanwhile, the next run makes both again.
settle() {
  [ "$heavy" = yes ] || sync "$@"
}

# file CONTENT PATH OWNER GROUP MODE: complete or not at all.
takes_file='changes content path owner group mode'
op_file() {
  folder=$(dirname "$3")
  make_folder "$folder"
  [ -O "$folder" ] || fail "$folder is not root's: $3 is not written there"
  # One name for good: what a power cut leaves of it is overwritten by the next run, and nobody else writes here.
  draft=$folder/.${3##*/}.quorate-new
  rm -rf "$draft"
  if cat "$stage/$2" >"$draft" && chown "$4:$5" "$draft" && chmod "$6" "$draft" && settle "$draft"; then
    mv -f "$draft" "$3"
    draft=
    relabel "$3"
  else
    fail "$3 could not be written"
  fi
}

# binary CONTENT PATH SHA256 VERSION: the sum is noted, not computed again: ssh guards every byte of the journey, and
# `receive` has counted them.
takes_binary='changes content path sha256 version'
op_binary() {
  draft=$3.quorate-new
  # Moved, not copied, where both are on one filesystem: a second copy of 60 MB costs as much as its journey.
  mv -f "$stage/$2" "$draft"
  chown root:root "$draft"
  chmod 755 "$draft"
  mv -f "$draft" "$3"
  draft=
  # A change of its label is one of its times, which are noted next.
  relabel "$3"
  mkdir -p "$state/binaries"
  printf '%s %s %s\n' "$(identity "$3")" "$4" "$5" >"$state/binaries/${3##*/}"
}

