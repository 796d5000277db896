# What the kubelet's log says, of the last $1 seconds, of pods that it can't start. At most 40 lines, each cut.
journalctl -u kubelet.service --since "-$1s" -n 5000 -o cat --no-pager 2>/dev/null | grep -F 'Error syncing pod' | tail -n 40 | cut -c 1-4000
