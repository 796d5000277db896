# One file of a member's write-ahead log, packed. $1: its path; $2: how many bytes it has; $3: how many bytes of nothing but
# zeros say that no record stands behind: etcd makes its files long beforehand, and reading them whole takes a while.
export LC_ALL=C
chunk=$3
used=1
while [ "$((used * chunk))" -lt "$2" ] &&
  [ -n "$(dd if="$1" bs="$chunk" skip="$used" count=1 status=none | tr -d '\0' | head -c 1 | od -A n -t x1)" ]; do
  used=$((used + 1))
done
head -c "$((used * chunk))" -- "$1" | gzip -1
