# Restores a snapshot into sibling directories, then swaps both with renames. Old data is never removed.
#
# The progress is in $state/restore (see look_restore). Once a part of the present cluster was stopped,
# $state/underway blocks every other command until the restore is finished.

FIRST_START=/run/systemd/system/etcd.service.d/quorate-first-start.conf

# drop_staged DATA WAL: removes unused data of an earlier attempt; it can be recreated from the snapshot.
drop_staged() {
  systemctl stop quorate-restore.service 2>/dev/null || true
  for folder in "$1".quorate-restore-* "$2".quorate-restore-*; do rm -rf -- "$folder"; done
  for folder in "${1%/*}"/.quorate-incoming.*; do
    [ "$folder" = "$staging" ] || rm -rf -- "$folder"
  done
}

# Unpacks the snapshot into this member's new data and WAL, next to the present ones. `members` and `peers` as
# etcd's --initial-cluster and --initial-advertise-peer-urls; options are those of etcd's tool.
takes_restore_unpack='changes @snapshot token suffix sha256 source data wal name members peers ..options'
op_restore_unpack() {
  # etcd's tool verifies the snapshot with this checksum, its last 32 bytes.
  [ "$(tail -c 32 "$arg_snapshot" | od -A n -t x1 | tr -d ' \n')" = "$arg_sha256" ] ||
    fail "the snapshot file changed after the preview: it was modified while it was sent; nothing was changed on this node"
  # etcd's tool reads the verified file: in a directory that belongs to root, where it can't write.
  chown -h root:etcd "$staging" "$arg_snapshot"
  chmod 710 "$staging"
  chmod 640 "$arg_snapshot"
  require_ground "$arg_data" "$arg_wal"
  drop_staged "$arg_data" "$arg_wal"
  sandbox=quorate-restore.service
  beside "$arg_data" "$arg_wal" "quorate-restore-${arg_token##*-}"
  make_data 'the snapshot' "$arg_snapshot" "$arg_token" "$arg_name" "$arg_members" "$arg_peers" "$@"
  rm -f "$arg_snapshot"
  {
    printf 'token %s\nsuffix %s\nsha256 %s\n' "$arg_token" "$arg_suffix" "$arg_sha256"
    printf 'source %s\nmembers %s\n' "$arg_source" "$arg_members"
    printf 'data %s\nlog %s\nstage staged\n' "$(stat -c %i "$new")" "$(stat -c %i "$new_wal")"
  } | note_whole "$state/restore/mark"
}

# Records and stops the known consumers that run. The mark that blocks other commands exists already; at the
# end it records that the consumers were stopped.
takes_restore_halt='changes'
op_restore_halt() {
  halt_consumers "$state/restore"
  { cat "$state/underway"; echo halted=yes; } | note_whole "$state/underway"
}

# Swaps the directories with renames. `former`: the ID of the previous cluster, if there was one.
takes_restore_place='changes token suffix data wal ~former'
op_restore_place() {
  marked "$arg_token"
  at_rest
  note_former "$arg_former"
  require_ground "$arg_data" "$arg_wal"
  restored=quorate-restore-${arg_token##*-}
  exchange "$arg_data" "$arg_data.$restored" "$arg_suffix" data
  wal_within "$arg_data" "$arg_wal" || exchange "$arg_wal" "$arg_wal.$restored" "$arg_suffix" log
  sed -e '/^stage /d' "$state/restore/mark" | { cat; echo 'stage placed'; } | note_whole "$state/restore/mark"
}

# marked TOKEN: checks that the unpacked data belongs to this restore.
marked() {
  grep -s -q -F -x -e "token $1" "$state/restore/mark" || fail "the unpacked data is missing, or belongs to another restore: rerun the command"
}

# exchange PRESENT RESTORED SUFFIX KIND: does both renames, unless they are done. KIND: `data` or `log`; the
# mark identifies the directory by its inode, which renames keep.
exchange() {
  if grep -s -q -F -x -e "$4 $(stat -c %i "$1" 2>/dev/null)" "$state/restore/mark"; then return 0; fi
  is_directory "$2" || fail "the restored directory $2 is missing: another process removed it"
  if is_directory "$1" && ! rmdir "$1" 2>/dev/null; then
    [ ! -e "$1.$3" ] || fail "$1.$3 already exists and is not overwritten"
    grep -q -F -x -e "moved $1.$3" "$state/restore/mark" ||
      { cat "$state/restore/mark"; printf 'moved %s\n' "$1.$3"; } | note_whole "$state/restore/mark"
    mv -T "$1" "$1.$3"
  fi
  mv -T "$2" "$1"
  relabel -R "$1"
  sync "${1%/*}"
}

# Starts run without this variable, whatever the member's settings contain, until the restore is finished.
takes_restore_unchecked='changes variable'
op_restore_unchecked() {
  mkdir -p "${FIRST_START%/*}"
  printf '[Service]\nUnsetEnvironment=%s\n' "$arg_variable" >"$FIRST_START"
  systemctl daemon-reload
}

# Starts the stopped consumers again and stops blocking other commands.
takes_restore_finish='changes'
op_restore_finish() {
  resume_consumers "$state/restore"
  if [ -f "$FIRST_START" ]; then
    rm -f "$FIRST_START"
    rmdir "${FIRST_START%/*}" 2>/dev/null || true
    systemctl daemon-reload
  fi
  rm -rf "$state/restore" "$state/underway"
}

# Gives up the restore before any part of the present cluster was stopped.
takes_restore_discard='changes data wal'
op_restore_discard() {
  drop_staged "$arg_data" "$arg_wal"
  rm -rf "$state/restore" "$state/underway"
}

# Reports what may have to be stopped on this node, and how many KiB are free where these directories are, or
# will be.
takes_restore='reads ..folders'
op_restore() {
  op_consumers
  while [ $# -gt 0 ]; do
    folder=$1
    while [ ! -d "$folder" ]; do folder=$(dirname "$folder"); done
    df -Pk -- "$folder" | sed -n -e '2s/^[^ ]* *[0-9]* *[0-9]* *\([0-9]*\) .*% *\(.*\)$/room \1 \2/p' | sed -e "s|\$| $1|"
    shift
  done
}
