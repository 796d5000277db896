# One file of a member's write-ahead log, packed. $1: a folder of root's; $2: the log folder, below it; $3: the file's name;
# $4: how many bytes it has; $5: how many bytes of nothing but zeros say that no record stands behind: etcd makes its files
# long beforehand, and reading them whole takes a while.
export LC_ALL=C
enter "$1" "$2" || exit 1
chunk=$5
# bytes WORD…: of the file itself, never of what a link leads to, and without waiting for who would fill a pipe.
bytes() {
  dd if="./$file" "$@" status=none
}
file=$3
used=1
while [ "$((used * chunk))" -lt "$4" ] &&
  [ -n "$(bytes iflag=nofollow,nonblock bs="$chunk" skip="$used" count=1 | tr -d '\0' | head -c 1 | od -A n -t x1)" ]; do
  used=$((used + 1))
done
bytes iflag=nofollow,nonblock,count_bytes,fullblock bs=1M count="$((used * chunk))" | gzip -1
