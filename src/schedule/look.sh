# Prints the state of the schedule on this node, one fact per line. Changes nothing.
#
#   $1   the wanted times (OnCalendar); empty: those of the present timer
#   $2   the directory from which node_exporter reads metrics
#   $3   quorate's metrics file
#   $4…  files whose owner, mode and SHA-256 are printed
set -u
export LC_ALL=C TZ=UTC
every=$1
exporter=$2
metrics=$3
shift 3
printf 'machine %s\n' "$(uname -m)"
if id quorate-backup >/dev/null 2>&1; then echo 'user'; fi
for file in "$@"; do
  [ -f "$file" ] || continue
  # The checksum of an uploaded file is on record, so that 130 MB are not read each time.
  noted=/var/lib/quorate/binaries/${file##*/}
  if [ -x "$file" ] && [ -f "$noted" ]; then
    read -r seen sum _ <"$noted" || true
    [ "$seen" = "$(stat -L -c '%i:%s:%Y:%Z' "$file")" ] || sum=$(sha256sum <"$file")
  else
    sum=$(sha256sum <"$file")
  fi
  printf 'file %s %s %s\n' "$(stat -c '%U:%G %a' "$file")" "${sum%% *}" "$file"
done
tell() {
  if [ -f "$2" ]; then printf '%s %s\n' "$1" "$(head -c 262144 "$2" | base64 -w 0)"; fi
}
tell config /etc/quorate-backup/config.json
tell state /var/lib/quorate-backup/state.json
tell certificate /etc/quorate-backup/client.crt
if [ -f /etc/quorate-backup/client.key ]; then
  printf 'key %s\n' "$(openssl pkey -in /etc/quorate-backup/client.key -pubout -outform DER 2>/dev/null | sha256sum | cut -c 1-64)"
fi
if command -v ssh-keygen >/dev/null; then echo 'ssh-keygen'; fi
if [ -f /etc/quorate-backup/signing.key ]; then
  printf 'signing %s\n' "$(ssh-keygen -y -P '' -f /etc/quorate-backup/signing.key 2>/dev/null </dev/null)"
fi
systemctl --version | sed -n -E '1s/^(systemd [0-9]+).*/\1/p'
if [ -d "$exporter" ]; then printf 'exporter %s\n' "$(readlink "$exporter/${metrics##*/}")"; fi
for unit in quorate-backup.timer quorate-backup.service; do
  systemctl show "$unit" -p LoadState,ActiveState,UnitFileState,Result,NeedDaemonReload,NextElapseUSecRealtime |
    while read -r line; do printf 'unit %s %s\n' "$unit" "$line"; done
done
next=$(systemctl show quorate-backup.timer -p NextElapseUSecRealtime --value)
case $next in '' | n/a) ;; *) printf 'next %s\n' "$(date -d "$next" +%s)" ;; esac
[ -n "$every" ] || every=$(sed -n "s/^OnCalendar=//p" /etc/systemd/system/quorate-backup.timer 2>/dev/null)
if [ -n "$every" ]; then
  if times=$(systemd-analyze calendar --iterations=10 "$every" 2>&1); then
    printf '%s\n' "$times" | sed -n -E 's/^ *(Next elapse|Iter\. #[0-9]+|Iteration #[0-9]+): //p' | date -f - '+elapse %s'
  else
    printf 'refused %s\n' "$(printf '%s' "$times" | head -n 1)"
  fi
fi
