# A member's data and log made of a snapshot beside the present ones: what restoring and recovering share.

# beside DATA WAL ENDING: $new and $new_wal are where new ones lie until they take the place of these.
beside() {
  new=$1.$3
  new_wal=$2.$3
  if wal_within "$1" "$2"; then new_wal=$new${2#"$1"}; fi
}

# hand FOLDER: an empty one of etcd's, where none is; the one above it is root's.
hand() {
  rm -rf -- "$1"
  mkdir -m 700 -- "$1"
  chown -h etcd:etcd "$1"
}

# take MADE FOLDER: what etcd's tool has made becomes FOLDER. Looked at where nobody else can replace it any more.
take() {
  if mv -T -- "$1" "$2" 2>/dev/null && is_directory "$2" && [ "$(stat -c %U -- "$2")" = etcd ]; then return 0; fi
  rm -rf -- "$2"
  fail "another process of the user etcd changes ${1%/*}: nothing was replaced"
}

# make_data WHAT SNAPSHOT TOKEN NAME MEMBERS PEERS [OPTION…]: as $new and $new_wal, etcd's own and on the disk. MEMBERS and
# PEERS as etcd's --initial-cluster and --initial-advertise-peer-urls. WHAT the snapshot is, for messages. The tool runs as
# etcd, in the unit $sandbox: what it reads may be anybody's.
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
    fail "$tool can not make data of $what: $(printf '%s\n' "$said" | tail -n 1)"
  take "$work/data" "$new"
  if ! wal_within "$new" "$new_wal"; then
    take "$work_wal" "$new_wal"
    rm -rf -- "$new_wal.work"
  fi
  rm -rf -- "$work"
}

# at_rest: stops here while etcd runs.
at_rest() {
  case $(systemctl is-active etcd.service) in
    active | activating | deactivating | reloading) fail "etcd.service runs: its data is not exchanged under it" ;;
  esac
}

# note_former ID: of the cluster that was here, whose backups are this one's as well; empty where it is not known.
note_former() {
  if [ -z "$1" ] || grep -s -q -F -x -e "$1" "$state/former-cluster-ids"; then return 0; fi
  printf '%s\n' "$1" >>"$state/former-cluster-ids"
  sync "$state/former-cluster-ids"
}
