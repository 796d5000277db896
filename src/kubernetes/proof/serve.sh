# Serves HTTP in a pod of the proof, with busybox only: the node's name, and more lines than fit into one packet, in order to
# detect a network that only transmits small packets.
#
#   $1  port
#   $2  the node's name

{
  echo "$2"
  line=0
  while [ "$line" -lt 120 ]; do
    echo '--------------------------------------------------------------------------------'
    line=$((line + 1))
  done
  echo "$2"
} >/tmp/answer.txt

# Runs for each connection. It first reads the request up to its empty line, because ending earlier would reset the connection.
cat >/tmp/answer.sh <<'END'
while read -r line && [ "${#line}" -gt 1 ]; do :; done
printf 'HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n'
cat /tmp/answer.txt
END

# Alpine's busybox has -k. Debian's has a second -l instead, and fails at once with -k.
nc -lk -p "$1" -e sh /tmp/answer.sh 2>/dev/null || exec nc -ll -p "$1" -e sh /tmp/answer.sh
