# Who holds quorate's lock on this machine: "held <seconds since last heard> <who>"; nothing if nobody does. Changes nothing.
lock=/run/quorate/lock
beat=$(stat -c %Y "$lock/beat" 2>/dev/null || stat -c %Y "$lock" 2>/dev/null) || exit 0
holder=$(cat "$lock/holder" 2>/dev/null) || holder='somebody unknown'
printf 'held %s %s\n' "$(($(date +%s) - beat))" "$holder"
