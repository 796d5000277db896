# Prints the SHA-256 of the executable of etcd.service's process; nothing if there is no process.
set -eu
pid=$(systemctl show etcd.service -p MainPID --value)
[ "${pid:-0}" != 0 ] || exit 0
sum=$(sha256sum "/proc/$pid/exe")
printf '%s\n' "${sum%% *}"
