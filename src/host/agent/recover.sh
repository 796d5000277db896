# Going on from the data of one member after the quorum was lost: a copy of it is brought to the end of its log by an etcd
# that nobody can talk to, and made the data of a new cluster of one. What was there is moved aside, never written to.

# recover_drop DATA WAL: copies, whole or not, that a run which was cut off left behind; they can be made again.
takes_recover_drop='changes data wal'
op_recover_drop() {
  systemctl stop quorate-recover.service 2>/dev/null || true
  for folder in "$2" "$3"; do
    rm -rf -- "$folder.recover-copy" "$folder.recover-new" "$folder.recover-new.work"
  done
}

# recover_copy DATA WAL: beside both, and only if there is room for it all. As the user etcd: what cannot be trusted to be
# files of a member's is not read as root.
takes_recover_copy='changes data wal'
op_recover_copy() {
  ! systemctl is-active --quiet etcd.service || fail "etcd.service runs: its data is not copied under it"
  secure "$2" "$3"
  op_recover_drop recover_drop "$2" "$3"
  # One line each (-s), whose name is ours: of a directory in the database's place others would follow, with names that etcd
  # chose, and some shells evaluate those.
  room_beside "$2" "$(($(du -sk "$2" | cut -f 1) + $(du -sk "$2/member/snap/db" | cut -f 1) + 196608))"
  unmounted "$2"
  copy "$2"
  if ! wal_within "$2" "$3"; then
    room_beside "$3" "$(($(du -sk "$3" | cut -f 1) + 196608))"
    unmounted "$3"
    copy "$3"
  fi
}

# copy FOLDER
copy() {
  hand "$1.recover-copy"
  sandbox=quorate-recover.service
  # What is neither a file nor a directory is none of etcd's, and a pipe would be waited for.
  # shellcheck disable=SC2016 # expands in the inner shell
  said=$(as_etcd "$1.recover-copy" /bin/sh -ec '
    odd=$(find "$1" ! -type f ! -type d -print -quit)
    if [ -n "$odd" ]; then echo "$odd is neither a file nor a directory" && exit 1; fi
    cp -R --no-dereference --preserve=mode,timestamps --reflink=auto --sparse=always -T "$1" "$2"' copy "$1" "$1.recover-copy" 2>&1) ||
    fail "the user etcd can't copy $1: $(printf '%s\n' "$said" | tail -n 1)"
}

# unmounted FOLDER: it is to be renamed in the end.
unmounted() {
  [ "$(stat -c %d "$1")" = "$(stat -c %d "$1/..")" ] ||
    fail "$1 is a mount point: it can not be moved aside. Nothing was changed; see docs/recover.md"
}

# room_beside FOLDER KIB
room_beside() {
  free=$(df -Pk -- "${1%/*}/" | sed -n '2s/^[^ ]* *[0-9]* *[0-9]* *\([0-9]*\) .*/\1/p')
  [ "$free" -ge "$2" ] || fail "no room for a copy beside $1: $((free / 1024)) MiB are free, $(($2 / 1024)) are wanted"
}

# recover_tail FILE END SIZE RECORD: the log's newest file, in the copy, ends with this record; zeros up to its size.
takes_recover_tail='changes file end size record'
op_recover_tail() {
  sandbox=quorate-recover.service
  # shellcheck disable=SC2016 # expands in the inner shell
  as_etcd "${2%/*}" /bin/sh -ec '
    truncate --size "$2" "$1"
    printf %s "$4" | base64 -d >>"$1"
    truncate --size "$3" "$1"' tail "$2" "$3" "$4" "$(cat "$stage/$5")" || fail "the copy's log $2 can't be written"
}

# recover_run PROGRAM NAME DATA WAL MODE [WORD…]: runs the copy with no network but a loopback of its own, and stops it: see
# isolated.sh. What `past` says is for a comparison alone: where that run fails it says less.
takes_recover_run='changes program name data wal mode ..word'
op_recover_run() {
  program=$(cat "$stage/$2")
  member=$3
  data=$4
  beside "$4" "$5" recover-copy
  sandbox=quorate-recover.service
  shift 5
  mode=$1
  some "$((words - 5))" "$@"
  # Of etcd's own words the last ones are kept: how many there are is its affair. The last line is how it ended.
  # shellcheck disable=SC2086 # quorate's own words
  said=$({
    {
      ended=0
      as_etcd "$new $new_wal" /bin/sh -c "$program" isolated "$member" "$new" "$new_wal" $options 2>&1 >&3 || ended=$?
      printf '\nquorate-ended %s\n' "$ended"
    } | tail -c 262144 >"$state/recover.log"
  } 3>&1)
  if [ "$mode" != past ] && [ "$(sed -n '$s/^quorate-ended //p' "$state/recover.log")" != 0 ]; then
    fail "the copy of $data does not come up: $(sed -n 's/^quorate: //p' "$state/recover.log") $(reasons <"$state/recover.log" | tail -n 2)"
  fi
  printf '%s\n' "$said" | grep '^recovered-' || true
}

# recover_make TOKEN NAME PEER DATA WAL [OPTION…]: the copy's database as the data of a cluster of one.
takes_recover_make='changes token name peer data wal ..option'
op_recover_make() {
  fresh=$2
  name=$3
  peer=$4
  data=$5
  wal=$6
  beside "$data" "$wal" recover-new
  sandbox=quorate-recover.service
  rm -rf -- "$new" "$new_wal"
  shift 6
  some "$((words - 6))" "$@"
  # shellcheck disable=SC2086 # quorate's own options
  make_data 'the copy' "$data.recover-copy/member/snap/db" "$fresh" "$name" "$name=$peer" "$peer" --skip-hash-check $options
}

# recover_done DATA WAL: the copies are needed no more.
takes_recover_done='changes data wal'
op_recover_done() {
  rm -rf -- "$2.recover-copy" "$3.recover-copy"
}

# recover_place SUFFIX DATA WAL FORMER: exchanged with renames, as far as that was not done. FORMER: the ID of the cluster
# that was there, whose backups are this one's as well; `-` where it is not known.
takes_recover_place='changes suffix data wal former'
op_recover_place() {
  at_rest
  note_former "$5"
  require_ground "$3" "$4"
  swap_in "$3" "$2"
  wal_within "$3" "$4" || swap_in "$4" "$2"
}

# swap_in FOLDER SUFFIX
swap_in() {
  if ! is_directory "$1.recover-new"; then
    is_directory "$1" || fail "neither $1 nor $1.recover-new is there: something else is at work on them"
    return 0
  fi
  if [ -e "$1" ]; then
    [ ! -e "$1.$2" ] || fail "$1.$2 is there already: it is not written over"
    mv -T "$1" "$1.$2"
    printf 'moved %s %s\n' "$1" "$1.$2"
  fi
  mv -T "$1.recover-new" "$1"
  relabel -R "$1"
  sync "${1%/*}"
}

# recover_halt: nobody uses etcd here until recover_resume.
takes_recover_halt='changes'
op_recover_halt() {
  halt_consumers "$state/recover"
}

# recover_resume
takes_recover_resume='changes'
op_recover_resume() {
  resume_consumers "$state/recover"
  rm -rf -- "$state/recover"
}
