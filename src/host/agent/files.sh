# Writes directories, files and binaries.

# relabel [-R] PATH…: with SELinux, sets the label of their new location. A moved file keeps its old label,
# and systemd may not run such a binary. If relabeling fails, the start of the unit reports it.
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

# settle FILE…: syncs it to disk. Not for new binaries: it would wait until all 60 MB are written, and after a
# power failure the next run installs them again.
settle() {
  [ "$heavy" = yes ] || sync "$@"
}

# Complete or not at all.
takes_file='changes @content path owner group mode'
op_file() {
  folder=$(dirname "$arg_path")
  make_folder "$folder"
  [ -O "$folder" ] || fail "$folder does not belong to root: $arg_path was not written"
  # A fixed name: the next run overwrites what a power failure leaves, and no other user writes to this directory.
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

# The checksum is recorded, not computed again: ssh protects the transfer, and `receive` has checked the size.
takes_binary='changes @content path sha256 version'
op_binary() {
  draft=$arg_path.quorate-new
  # Moved, not copied, if both are on one filesystem: a second copy of 60 MB costs as much as the transfer.
  mv -f "$arg_content" "$draft"
  chown root:root "$draft"
  chmod 755 "$draft"
  mv -f "$draft" "$arg_path"
  draft=
  # Changing the label changes the file's ctime, which is recorded next.
  relabel "$arg_path"
  mkdir -p "$state/binaries"
  printf '%s %s %s\n' "$(identity "$arg_path")" "$arg_sha256" "$arg_version" >"$state/binaries/${arg_path##*/}"
}
