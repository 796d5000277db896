# Reports what can't be written or renamed in the directories of etcd and quorate.

# look_limits DATA WAL: starts two programs, more only if something is mounted at etcd's directories.
look_limits() {
  data_place=$(cd -P -- "$1" 2>/dev/null && pwd -P) || data_place=$1
  wal_place=$(cd -P -- "$2" 2>/dev/null && pwd -P) || wal_place=$2
  mounted=no
  ! grep -q -s -F -e " $data_place" -e " $wal_place" /proc/self/mountinfo || mounted=yes
  for folder in "$1" "$2"; do
    [ -d "$folder" ] || continue
    if [ ! -w "${folder%/*}/" ] || { [ "$mounted" = yes ] && is_fixed "$folder"; }; then
      printf 'fixed %s\n' "$folder"
    fi
    [ "$mounted" = no ] || mounts_in "$folder" | while read -r where; do printf 'inside %s %s\n' "$folder" "$where"; done
  done
  wide=
  for path in "$1" "$2" "${1%/*}" "${2%/*}" /etc /etc/etcd /etc/ssl /etc/systemd/system /usr/local/bin /var/lib/quorate; do
    nearest "$path"
    # Asks the kernel: it denies access to a read-only filesystem and an immutable directory, even to root.
    [ -w "$near/" ] || printf 'closed %s %s\n' "$path" "$near"
    wide="$wide $near"
  done
  # shellcheck disable=SC2086 # paths of a cluster file hold no spaces
  stat -f -c 'room %n %f %S %d %c' $wide 2>/dev/null || true
}
