# Checks whether this node's member accepts its own certificate on its peer port: it answers everyone who gets through TLS.
# Arguments: ADDRESS:PORT, the certificate, its key, the CAs. Prints the first line of the answer, or openssl's error.
set -eu
answer=$(printf 'GET /version HTTP/1.0\r\n\r\n' |
  timeout 5 openssl s_client -connect "$1" -cert "$2" -key "$3" -CAfile "$4" -alpn http/1.1 -quiet -ign_eof 2>&1 | head -c 65536) || true
if line=$(printf '%s\n' "$answer" | grep -a '^HTTP/1\.[01] 200'); then
  printf '%s\n' "$line" | head -n 1
  exit 0
fi
printf '%s\n' "$answer" | grep -a -i -e alert -e error | head -n 1 | cut -c 1-300 >&2
exit 1
