# Creates a member's data and WAL from a snapshot, next to the present ones. Restore and recover share it.

# beside DATA WAL ENDING: sets $new and $new_wal to the paths of the new directories until they replace these.
beside() {
  new=$1.$3
  new_wal=$2.$3
  if wal_within "$1" "$2"; then new_wal=$new${2#"$1"}; fi
}

# hand DIRECTORY: creates it, empty and owned by etcd; its parent belongs to root.
hand() {
  rm -rf -- "$1"
  mkdir -m 700 -- "$1"
  chown -h etcd:etcd "$1"
}

# take MADE DIRECTORY: renames what etcd's tool has created to DIRECTORY. Checked after the rename, when no
# other user can replace it.
take() {
  if mv -T -- "$1" "$2" 2>/dev/null && is_directory "$2" && [ "$(stat -c %U -- "$2")" = etcd ]; then return 0; fi
  rm -rf -- "$2"
  fail "another process of the user etcd is changing ${1%/*}: nothing was replaced"
}

# make_data WHAT SNAPSHOT TOKEN NAME MEMBERS PEERS [OPTION…]: creates $new and $new_wal, owned by etcd and
# synced to disk. MEMBERS and PEERS as etcd's --initial-cluster and --initial-advertise-peer-urls. WHAT names
# the snapshot in messages. The tool runs as etcd, in the unit $sandbox, because its input is not trusted.
make_data() {
  what=$1
  snapshot=$2
  fresh=$3
  name=$4
  members=$5
  peers=$6
  shift 6
  tool=/usr/local/bin/etcdutl
  [ -x "$tool" ] || tool=/usr/local/bin/etcdctl
  work=$new.work
  places=$work
  hand "$work"
  if wal_within "$new" "$new_wal"; then
    work_wal=$work/data${new_wal#"$new"}
  else
    work_wal=$new_wal.work/wal
    places="$work $new_wal.work"
    hand "$new_wal.work"
  fi
  # shellcheck disable=SC2016 # expands in the inner shell
  said=$(as_etcd "$places" /bin/sh -c '
    export LC_ALL=C
    data=$1 wal=$2
    shift 2
    [ "${1##*/}" = etcdutl ] || export ETCDCTL_API=3
    "$@" && find "$data" "$wal" -exec sync {} +' make "$work/data" "$work_wal" \
    "$tool" snapshot restore "$snapshot" --data-dir "$work/data" --wal-dir "$work_wal" --name "$name" \
    --initial-cluster "$members" --initial-cluster-token "$fresh" --initial-advertise-peer-urls "$peers" "$@" 2>&1) ||
    fail "$tool can't create data from $what: $(printf '%s\n' "$said" | tail -n 1)"
  take "$work/data" "$new"
  if ! wal_within "$new" "$new_wal"; then
    take "$work_wal" "$new_wal"
    rm -rf -- "$new_wal.work"
  fi
  rm -rf -- "$work"
}

# at_rest: fails while etcd runs.
at_rest() {
  case $(systemctl is-active etcd.service) in
    active | activating | deactivating | reloading) fail "etcd.service runs: its data can't be replaced while it runs" ;;
  esac
}

# note_former ID: records the ID of the previous cluster, whose backups also belong to this one; empty if unknown.
note_former() {
  if [ -z "$1" ] || grep -s -q -F -x -e "$1" "$state/former-cluster-ids"; then return 0; fi
  printf '%s\n' "$1" >>"$state/former-cluster-ids"
  sync "$state/former-cluster-ids"
}
