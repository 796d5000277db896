# Recovers from the data of one member after quorum was lost: an etcd without a network applies the WAL of a
# copy, which becomes the data of a new one-member cluster. The old data is renamed and never written to.

# drop_copies DATA WAL: removes the copies that an interrupted run left, complete or not; they can be recreated.
drop_copies() {
  systemctl stop quorate-recover.service 2>/dev/null || true
  for folder in "$1" "$2"; do
    rm -rf -- "$folder.recover-copy" "$folder.recover-new" "$folder.recover-new.work"
  done
}

takes_recover_drop='changes data wal'
op_recover_drop() {
  drop_copies "$arg_data" "$arg_wal"
}

# Copies both next to the originals, only if there is enough free space. Runs as the user etcd: root doesn't
# read untrusted files.
takes_recover_copy='changes data wal'
op_recover_copy() {
  ! systemctl is-active --quiet etcd.service || fail "etcd.service runs: its data can't be copied while it runs"
  secure "$arg_data" "$arg_wal"
  drop_copies "$arg_data" "$arg_wal"
  # One line each (-s) with a known name: a directory in place of the database would print more lines, with
  # names that etcd chose, and some shells evaluate those.
  room_beside "$arg_data" "$(($(du -sk "$arg_data" | cut -f 1) + $(du -sk "$arg_data/member/snap/db" | cut -f 1) + 196608))"
  unmounted "$arg_data"
  copy "$arg_data"
  if ! wal_within "$arg_data" "$arg_wal"; then
    room_beside "$arg_wal" "$(($(du -sk "$arg_wal" | cut -f 1) + 196608))"
    unmounted "$arg_wal"
    copy "$arg_wal"
  fi
}

# copy DIRECTORY
copy() {
  hand "$1.recover-copy"
  sandbox=quorate-recover.service
  # Anything but a file or a directory doesn't come from etcd, and reading a pipe would block.
  # shellcheck disable=SC2016 # expands in the inner shell
  said=$(as_etcd "$1.recover-copy" /bin/sh -ec '
    odd=$(find "$1" ! -type f ! -type d -print -quit)
    if [ -n "$odd" ]; then echo "$odd is neither a file nor a directory" && exit 1; fi
    cp -R --no-dereference --preserve=mode,timestamps --reflink=auto --sparse=always -T "$1" "$2"' copy "$1" "$1.recover-copy" 2>&1) ||
    fail "the user etcd can't copy $1: $(printf '%s\n' "$said" | tail -n 1)"
}

# unmounted DIRECTORY: fails if it is a mount point, because it must be renamed at the end.
unmounted() {
  [ "$(stat -c %d "$1")" = "$(stat -c %d "$1/..")" ] ||
    fail "$1 is a mount point: it can't be renamed. Nothing was changed; see docs/guides/recover.md"
}

# room_beside DIRECTORY KIB
room_beside() {
  free=$(df -Pk -- "${1%/*}/" | sed -n '2s/^[^ ]* *[0-9]* *[0-9]* *\([0-9]*\) .*/\1/p')
  [ "$free" -ge "$2" ] || fail "not enough free space for a copy of $1: $((free / 1024)) MiB free, $(($2 / 1024)) MiB needed"
}

# Ends the newest WAL file of the copy with this record (base64) at this offset, then zeros up to its size.
takes_recover_tail='changes file end size @record'
op_recover_tail() {
  sandbox=quorate-recover.service
  # shellcheck disable=SC2016 # expands in the inner shell
  as_etcd "${arg_file%/*}" /bin/sh -ec '
    truncate --size "$2" "$1"
    printf %s "$4" | base64 -d >>"$1"
    truncate --size "$3" "$1"' tail "$arg_file" "$arg_end" "$arg_size" "$(cat "$arg_record")" || fail "the copy's WAL file $arg_file can't be written"
}

# Runs the copy with only a private loopback network, and stops it: see isolated.sh, which gets the mode and
# the arguments. The output of `past` is only for a comparison: if that run fails, it prints less.
takes_recover_run='changes @program name data wal mode ..words'
op_recover_run() {
  program=$(cat "$arg_program")
  beside "$arg_data" "$arg_wal" recover-copy
  sandbox=quorate-recover.service
  # Only the last lines of etcd's output are kept, because its length is unlimited. The last line is the exit code.
  said=$({
    {
      ended=0
      as_etcd "$new $new_wal" /bin/sh -c "$program" isolated "$arg_name" "$new" "$new_wal" "$arg_mode" "$@" 2>&1 >&3 || ended=$?
      printf '\nquorate-ended %s\n' "$ended"
    } | tail -c 262144 >"$state/recover.log"
  } 3>&1)
  if [ "$arg_mode" != past ] && [ "$(sed -n '$s/^quorate-ended //p' "$state/recover.log")" != 0 ]; then
    fail "etcd did not start on the copy of $arg_data: $(sed -n 's/^quorate: //p' "$state/recover.log") $(reasons <"$state/recover.log" | tail -n 2)"
  fi
  printf '%s\n' "$said" | grep '^recovered-' || true
}

# Turns the copy's database into the data of a one-member cluster. Options are those of etcd's tool.
takes_recover_make='changes token name peer data wal ..options'
op_recover_make() {
  beside "$arg_data" "$arg_wal" recover-new
  sandbox=quorate-recover.service
  rm -rf -- "$new" "$new_wal"
  make_data 'the copy' "$arg_data.recover-copy/member/snap/db" "$arg_token" "$arg_name" "$arg_name=$arg_peer" "$arg_peer" \
    --skip-hash-check "$@"
}

# Removes the copies, which are no longer needed.
takes_recover_done='changes data wal'
op_recover_done() {
  rm -rf -- "$arg_data.recover-copy" "$arg_wal.recover-copy"
}

# Swaps the directories with renames, unless that is done. `former`: the ID of the previous cluster, whose
# backups also belong to this one; left out if unknown.
takes_recover_place='changes suffix data wal ~former'
op_recover_place() {
  at_rest
  note_former "$arg_former"
  require_ground "$arg_data" "$arg_wal"
  swap_in "$arg_data" "$arg_suffix"
  wal_within "$arg_data" "$arg_wal" || swap_in "$arg_wal" "$arg_suffix"
}

# swap_in DIRECTORY SUFFIX
swap_in() {
  if ! is_directory "$1.recover-new"; then
    is_directory "$1" || fail "neither $1 nor $1.recover-new exists: another process removed them"
    return 0
  fi
  if [ -e "$1" ]; then
    [ ! -e "$1.$2" ] || fail "$1.$2 already exists and is not overwritten"
    mv -T "$1" "$1.$2"
    printf 'moved %s %s\n' "$1" "$1.$2"
  fi
  mv -T "$1.recover-new" "$1"
  relabel -R "$1"
  sync "${1%/*}"
}

# Copies a file that will be overwritten, in case the recovery is abandoned.
takes_recover_keep='changes suffix path'
op_recover_keep() {
  if [ ! -f "$arg_path" ] || [ -e "$arg_path.$arg_suffix" ]; then return 0; fi
  cp -p -- "$arg_path" "$arg_path.$arg_suffix.draft"
  mv -T -- "$arg_path.$arg_suffix.draft" "$arg_path.$arg_suffix"
}

# Abandons a recovery: puts back what it renamed, and renames what replaced it.
takes_recover_put_back='changes suffix data wal pin environment'
op_recover_put_back() {
  moved=
  for path in "$arg_data" "$arg_wal" "$arg_pin" "$arg_environment"; do
    if [ -e "$path.$arg_suffix" ] || is_directory "$path/.quorate-aside.$arg_suffix"; then moved="$moved $path"; fi
  done
  [ -n "$moved" ] || return 0
  if systemctl cat etcd.service >/dev/null 2>&1; then
    systemctl disable --quiet etcd.service
    systemctl stop etcd.service
  fi
  at_rest
  require_ground "$arg_data" "$arg_wal"
  for path in "$arg_data" "$arg_wal" "$arg_pin" "$arg_environment"; do put_back "$path" "$arg_suffix" "abandoned-${arg_suffix#before-}"; done
}

# put_back PATH SUFFIX LATER: puts it back, unless that is done. What is at PATH now is renamed with the
# ending LATER.
put_back() {
  if [ -e "$1.$2" ]; then
    if [ -e "$1" ]; then
      [ ! -e "$1.$3" ] || fail "$1.$3 already exists and is not overwritten"
      mv -T "$1" "$1.$3"
      printf 'moved %s %s\n' "$1" "$1.$3"
    fi
    mv -T "$1.$2" "$1"
    printf 'moved %s %s\n' "$1.$2" "$1"
    sync "${1%/*}"
  elif is_directory "$1/.quorate-aside.$2"; then
    put_back_within "$1" "$1/.quorate-aside.$2" "$1/.quorate-aside.$3"
  fi
}

# put_back_within DIRECTORY KEPT LATER: puts back one entry after the other in a directory that can't be
# renamed itself.
put_back_within() {
  take_over "$1"
  mkdir -p -m 700 -- "$3"
  [ -O "$2" ] && is_directory "$3" && [ -O "$3" ] || fail "$2 or $3 is not a directory owned by root: inspect it"
  for entry in "$2"/* "$2"/.[!.]* "$2"/..?*; do
    [ -L "$entry" ] || [ -e "$entry" ] || continue
    to=$1/${entry##*/}
    if [ -e "$to" ] || [ -L "$to" ]; then mv -T -- "$to" "$3/${entry##*/}"; fi
    mv -T -- "$entry" "$to"
  done
  rmdir -- "$2"
  rmdir -- "$3" 2>/dev/null || true
  own "$1" etcd etcd 700
  printf 'moved %s %s\n' "$2" "$1"
}

# No program uses etcd on this node until recover_resume.
takes_recover_halt='changes'
op_recover_halt() {
  halt_consumers "$state/recover"
}

takes_recover_resume='changes'
op_recover_resume() {
  resume_consumers "$state/recover"
  rm -rf -- "$state/recover"
}
