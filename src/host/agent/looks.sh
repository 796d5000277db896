# Inspects the node. Every look costs processor time at each round trip, so it starts as few programs as possible.

# A binary's SHA-256 is read from the record of its installation if it is still the same file (inode, size,
# both times), and computed otherwise.
look_binary() {
  name=${1##*/}
  if [ -f "$state/binaries/$name" ]; then
    read -r noted sum version <"$state/binaries/$name" || true
    if [ "$noted" = "$2" ]; then
      printf 'binary %s %s %s\n' "$name" "$sum" "$version"
      return 0
    fi
  fi
  sum=$(sha256sum "$1")
  printf 'binary %s %s unknown\n' "$name" "${sum%% *}"
}

# Files that are reported whole are those that quorate writes or reads, a few KiB each. A longer file is
# truncated, so it differs from the wanted one and is written again. Anything but a regular file is left out
# (a FIFO would never end).
most=262144
most_pieces=4

# texts FILE…: as `PATH:LINE`.
texts() {
  # One program in the normal case.
  if [ -z "$(find -L "$@" -maxdepth 0 -size +"${most}c" 2>/dev/null)" ]; then
    grep -a -s -H -D skip '' "$@" || true
    return 0
  fi
  for file in "$@"; do
    if [ -f "$file" ]; then head -c "$most" "$file" | grep -a -H --label="$file" '' || true; fi
  done
}

# lines PREFIX FILE: prints its lines with the prefix.
lines() {
  if [ -f "$2" ]; then head -c "$most" "$2" | sed -e "s/^/$1 /" -e '$a\'; fi
}

# text FILE: prints its lines as PATH:LINE. Prints nothing for a link or anything else but a regular file.
text() {
  content "$1" "$most_pieces" | grep -a -H --label="$1" '' || true
}

# look_texts WHOSE FILE…: prints these files, the certificates, the CA bundle with its mark, and the public keys.
look_texts() {
  whose=$1
  shift
  for name in ca.crt ca.env etcd.crt peer.crt server.crt; do
    if [ ! -f "$tls/$name" ]; then continue; fi
    if [ "$whose" = others ]; then
      text "$tls/$name"
    elif [ ! -L "$tls/$name" ]; then
      # In a directory that belongs to root a file doesn't change between two looks.
      set -- "$@" "$tls/$name"
    fi
  done
  texts "$@"
  for name in etcd.key peer.key server.key; do
    if [ ! -f "$tls/$name" ] || [ -L "$tls/$name" ]; then continue; fi
    # shellcheck disable=SC2046 # put on one line by leaving out the blanks
    printf '%s' "key $name " $(content "$tls/$name" | openssl pkey -pubout 2>/dev/null)
    echo
  done
}

# look_restore: reports a restore in progress, and earlier ones.
look_restore() {
  lines former "$state/former-cluster-ids"
  lines restore "$state/restore/mark"
  lines consumer "$state/restore/consumers"
}

# look_identity WAL: prints the beginning of the first WAL file, which contains the member and cluster IDs.
look_identity() {
  for file in "$1"/*.wal; do
    if [ -f "$file" ]; then printf 'identity %s\n' "$(content "$file" | head -c 512 | base64 -w 0)"; fi
    break
  done
}

line_end='
'

# Reported for every node.
takes_facts='reads ..packages'
op_facts() {
  # shellcheck source=/dev/null
  os=$(. /etc/os-release && printf '%.64s %.64s' "${ID:-unknown}" "${VERSION_ID:-unknown}") || os='unknown unknown'
  # Otherwise the rest would be read as lines of this program.
  os=${os%%"$line_end"*}
  read -r boot </proc/sys/kernel/random/boot_id
  # From Linux 6.1 on the kernel has a file for it.
  if [ -r /proc/sys/kernel/arch ]; then read -r machine </proc/sys/kernel/arch; else machine=$(uname -m); fi
  printf 'os %s\nmachine %s\nboot %s\n' "$os" "$machine" "$boot"
  look_restore
  if [ -f /etc/etcd/cluster-id ]; then
    head -c "$most" /etc/etcd/cluster-id | while IFS= read -r line || [ -n "$line" ]; do
      case $line in cluster=*) printf 'pinned %s\n' "${line#cluster=}" ;; esac
    done
  fi
  lines underway "$state/underway"
  printf 'installer %s\n' "$(installer)"
  package_lines "$@"
}

# ways PEER…: prints the node's addresses, and those from which it connects to its peers.
ways() {
  {
    echo 'address show scope global'
    for address in "$@"; do printf 'route get %s\n' "$address"; done
  } | ip -o -force -batch - | while read -r first line; do
    case ${first%:} in
      *[!0-9]*) case $line in *' src '*) line=${line##* src } && printf 'source %s\n' "${line%% *}" ;; esac ;;
      *)
        # After an interface's number: its name, `inet` or `inet6`, the address.
        line=${line#* inet}
        line=${line#* }
        printf 'address %s\n' "${line%%[/ ]*}"
        ;;
    esac
  done
}

# Reported in addition for a node that runs etcd: its directories, its ports, its peers' addresses. Texts are
# printed as `PATH:LINE`.
takes_member='reads data wal client peer ..addresses'
op_member() {
  if command -v ip >/dev/null; then ways "$@" 2>/dev/null || true; fi
  look_account etcd
  look_owner
  tls=/etc/ssl/etcd
  # Only known names: others may contain a line end.
  found=$(stat -c 'path %n|%F|%U|%G|%a' "$arg_data" "$arg_data/member" "$arg_wal" "${arg_data%/*}" "${arg_wal%/*}" /etc/etcd /etc/etcd/options.env \
    /etc/etcd/cluster-id /etc/systemd/system/etcd.service /etc/kubernetes/manifests/etcd.yaml $tls/ $tls/ca.crt $tls/etcd.crt $tls/peer.crt $tls/server.crt \
    $tls/etcd.key $tls/peer.key $tls/server.key 2>/dev/null) || true
  printf '%s\n' "$found"
  case $found in *'|symbolic link|'*) links "$arg_data" "$arg_wal" "${arg_data%/*}" "${arg_wal%/*}" ;; esac
  if holds "$arg_data"; then echo 'data present'; fi
  if holds "$arg_wal"; then echo 'wal present'; fi
  look_limits "$arg_data" "$arg_wal"
  lines stopped "$state/stopped"
  case $found in *"path $tls/|directory|root|root|755"*) whose=roots ;; *) whose=others ;; esac
  look_texts $whose /etc/etcd/options.env /etc/etcd/cluster-id /etc/systemd/system/etcd.service \
    /etc/ssl/etcd.d/pending/*.csr /etc/ssl/etcd.d/pending/*.cnf
  stat -L -c '%n %i:%s:%Y:%Z' /usr/local/bin/etcd /usr/local/bin/etcdctl /usr/local/bin/etcdutl 2>/dev/null |
    while read -r file now; do look_binary "$file" "$now"; done
  unit=$(systemctl show etcd.service -p LoadState,ActiveState,SubState,UnitFileState,NeedDaemonReload,MainPID,FragmentPath,DropInPaths)
  pid=0
  loaded=
  while IFS='=' read -r name value; do
    printf 'unit %s %s\n' "$name" "$value"
    if [ "$name" = MainPID ]; then pid=$value; fi
    if [ "$name" = DropInPaths ]; then loaded=$value; fi
  done <<UNIT
$unit
UNIT
  # shellcheck disable=SC2086 # paths with blanks are elsewhere too
  surroundings $loaded
  if [ "${pid:-0}" != 0 ] && [ -r "/proc/$pid/environ" ]; then
    printf 'environment %s\n' "$(head -c "$most" "/proc/$pid/environ" | base64 -w 0)"
  else
    # A running member reports its own identity.
    look_identity "$arg_wal"
  fi
  if [ "${pid:-0}" = 0 ] && command -v ss >/dev/null; then
    ss -Hltnp "sport = :$arg_client or sport = :$arg_peer" 2>/dev/null | while read -r line; do printf 'listening %s\n' "$line"; done
  fi
}

