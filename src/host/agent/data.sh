# A member's data and log made of a snapshot beside the present ones: what restoring and recovering share.

# wal_within DATA WAL: whether the log lies within the data folder.
wal_within() {
  case $2/ in "$1"/*) return 0 ;; *) return 1 ;; esac
}

# beside DATA WAL ENDING: $new and $new_wal are where new ones lie until they take the place of these.
beside() {
  new=$1.$3
  new_wal=$2.$3
  if wal_within "$1" "$2"; then new_wal=$new${2#"$1"}; fi
}

# some COUNT WORD…: $options are the first of these words, without spaces; what follows belongs to the next operation.
some() {
  count=$1
  shift
  options=
  while [ "$count" -gt 0 ]; do
    options="$options $1"
    shift
    count=$((count - 1))
  done
}

# make_data WHAT SNAPSHOT TOKEN NAME MEMBERS PEERS [OPTION…]: as $new and $new_wal, etcd's own and on the disk for good.
# MEMBERS and PEERS as etcd's --initial-cluster and --initial-advertise-peer-urls. WHAT the snapshot is, for messages.
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
  said=$(ETCDCTL_API=3 "$tool" snapshot restore "$snapshot" --data-dir "$new" --wal-dir "$new_wal" --name "$name" \
    --initial-cluster "$members" --initial-cluster-token "$fresh" --initial-advertise-peer-urls "$peers" "$@" 2>&1) ||
    fail "$tool can not make data of $what: $(printf '%s\n' "$said" | tail -n 1)"
  chmod 700 "$new" "$new_wal"
  chown -R etcd:etcd "$new" "$new_wal"
  find "$new" "$new_wal" -exec sync {} +
}

# at_rest: stops here while etcd runs.
at_rest() {
  case $(systemctl is-active etcd.service) in
    active | activating | deactivating | reloading) fail "etcd.service runs: its data is not exchanged under it" ;;
  esac
}

# note_former ID: of the cluster that was here, whose backups are this one's as well; `-` where it is not known.
note_former() {
  if [ "$1" = - ] || grep -s -q -F -x -e "$1" "$state/former-cluster-ids"; then return 0; fi
  printf '%s\n' "$1" >>"$state/former-cluster-ids"
  sync "$state/former-cluster-ids"
}
