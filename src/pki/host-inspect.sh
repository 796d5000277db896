# Shows the CA of this node: the state of its key in the first line, then its certificate.
# usage: sh -c "$(cat host-inspect.sh)" quorate CERTIFICATE KEY
# Exit code 66: the certificate can't be read.
set -eu
certificate=$1
key=$2

if [ ! -r "$certificate" ]; then
  exit 66
fi
if [ ! -e "$key" ]; then
  state=missing
elif [ ! -r "$key" ]; then
  state=unreadable
elif grep -q ENCRYPTED -- "$key"; then
  state=encrypted
else
  state=plain
fi
# -004: every user may read it.
if [ -n "$(find -L "$key" -perm -004 2>/dev/null)" ]; then
  state="$state open"
fi
printf '%s\n' "$state"
head -c 262144 -- "$certificate"
