# Prints one WAL file of a member, compressed. $1: a directory that belongs to root; $2: the WAL directory,
# below it; $3: the file's name; $4: its size in bytes; $5: this many zero bytes mean that no record follows:
# etcd preallocates its files, and reading them whole takes a while.
export LC_ALL=C
enter "$1" "$2" || exit 1
chunk=$5
# bytes WORD…: reads the file itself, follows no link and doesn't block on a pipe.
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
