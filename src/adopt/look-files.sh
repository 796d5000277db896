# Looks at files that an etcd process names, as that process sees them. Changes nothing.
# usage: sh -c "$(cat look-files.sh)" quorate PID {stat|text|key} PATH …
# Each answer begins with the number of its question, from 0. Of a private key nothing but the public half is shown.
set -eu
export LC_ALL=C
root=/proc/$1/root
shift
number=0
while [ $# -gt 1 ]; do
  path=$root$2
  case $1 in
    stat) stat -L -c "$number stat %F|%U|%G|%a" "$path" 2>/dev/null || true ;;
    text) if [ -f "$path" ]; then printf '%s text %s\n' "$number" "$(head -c 262144 "$path" | base64 -w 0)"; fi ;;
    key)
      if [ -f "$path" ]; then
        stat -L -c "$number stat %F|%U|%G|%a" "$path"
        if grep -q ENCRYPTED "$path"; then
          printf '%s encrypted\n' "$number"
        else
          printf '%s public %s\n' "$number" "$(openssl pkey -in "$path" -pubout -outform DER 2>/dev/null | base64 -w 0)"
        fi
      fi
      ;;
  esac
  number=$((number + 1))
  shift 2
done
