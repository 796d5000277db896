# Folders, files, binaries.

# relabel [-R] PATH…: gives them SELinux's label of their place, where there is SELinux. What is moved keeps the label of where
# it was made, and systemd may not run such a binary. Where that fails the start says so.
relabel() {
  if command -v restorecon >/dev/null; then restorecon "$@" >/dev/null 2>&1 || true; fi
}

identity() {
  stat -L -c '%i:%s:%Y:%Z' "$1"
}

takes_directory='changes path owner group mode'
op_directory() {
  nearest "${arg_path%/*}"
  require_root "$near"
  make_folder "${arg_path%/*}"
  [ -d "$arg_path" ] || mkdir -m 700 "$arg_path"
  own "$arg_path" "$arg_owner" "$arg_group" "$arg_mode"
  relabel "$arg_path"
}

# settle FILE…: on the disk for good. Not beside fresh binaries: it would wait until all 60 MB of them are there, and
# should the power fail meanwhile, the next run makes both again.
settle() {
  [ "$heavy" = yes ] || sync "$@"
}

# Complete or not at all.
takes_file='changes @content path owner group mode'
op_file() {
  folder=$(dirname "$arg_path")
  make_folder "$folder"
  [ -O "$folder" ] || fail "$folder is not root's: $arg_path is not written there"
  # One name for good: what a power cut leaves of it is overwritten by the next run, and nobody else writes here.
  draft=$folder/.${arg_path##*/}.quorate-new
  rm -rf "$draft"
  if cat "$arg_content" >"$draft" && chown "$arg_owner:$arg_group" "$draft" && chmod "$arg_mode" "$draft" && settle "$draft"; then
    mv -f "$draft" "$arg_path"
    draft=
    relabel "$arg_path"
  else
    fail "$arg_path could not be written"
  fi
}

# The sum is noted, not computed again: ssh guards every byte of the journey, and `receive` has counted them.
takes_binary='changes @content path sha256 version'
op_binary() {
  draft=$arg_path.quorate-new
  # Moved, not copied, where both are on one filesystem: a second copy of 60 MB costs as much as its journey.
  mv -f "$arg_content" "$draft"
  chown root:root "$draft"
  chmod 755 "$draft"
  mv -f "$draft" "$arg_path"
  draft=
  # A change of its label is one of its times, which are noted next.
  relabel "$arg_path"
  mkdir -p "$state/binaries"
  printf '%s %s %s\n' "$(identity "$arg_path")" "$arg_sha256" "$arg_version" >"$state/binaries/${arg_path##*/}"
}
