# Looks at files that an etcd process names, as that process sees them. Changes nothing.
# usage: sh -c "$(cat look-files.sh)" quorate PID {stat|text|key} PATH …
# Each answer begins with the number of its question, from 0. Of a private key nothing but the public half is shown.
set -eu
export LC_ALL=C
root=/proc/$1/root
shift

# content PATH: of a regular file, links followed, no more than 256 KiB. What is no file any more when it is opened, a FIFO
# for instance, keeps nobody waiting. Whose etcd runs here chose the path.
content() {
  dd if="$1" iflag=nonblock bs=64K count=4 status=none 2>/dev/null
}

number=0
while [ $# -gt 1 ]; do
  path=$root$2
  case $1 in
    stat) stat -L -c "$number stat %F|%U|%G|%a" "$path" 2>/dev/null || true ;;
    text) if [ -f "$path" ]; then printf '%s text %s\n' "$number" "$(content "$path" | base64 -w 0)"; fi ;;
    key)
      if [ -f "$path" ]; then
        stat -L -c "$number stat %F|%U|%G|%a" "$path" 2>/dev/null || true
        if content "$path" | grep -q ENCRYPTED; then
          printf '%s encrypted\n' "$number"
        else
          printf '%s public %s\n' "$number" "$(content "$path" | openssl pkey -pubout -outform DER 2>/dev/null | base64 -w 0)"
        fi
      fi
      ;;
  esac
  number=$((number + 1))
  shift 2
done
