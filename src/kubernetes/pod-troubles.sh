# Prints what the kubelet's log says about pods that it can't start, in the last $1 seconds: at most 40 lines, each cut.
journalctl -u kubelet.service --since "-$1s" -n 5000 -o cat --no-pager 2>/dev/null | grep -F 'Error syncing pod' | tail -n 40 | cut -c 1-4000
