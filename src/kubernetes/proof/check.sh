# Connects to the serving pods from a checking pod of the proof, until all have answered or the time is up. Prints, and writes
# as the pod's termination message, `fail WHAT REASON` for each that has not, then `asked NUMBER`. WHAT is from the arguments.
#
#   $1    seconds
#   $2    port of the pods
#   $3…   WHAT=ADDRESS: a pod that answers with WHAT, the name of its node
#         WHAT=URL: any pod may answer

seconds=$1 port=$2
shift 2

uptime() {
  read -r now _ </proc/uptime
  echo "${now%%.*}"
}
end=$(($(uptime) + seconds))

# $1: file with an answer, which is complete if its last line equals its first; $2: that line, or nothing
whole() {
  first='' last=''
  while read -r line; do
    [ -n "$first" ] || first=$line
    last=$line
  done <"$1"
  [ -n "$first" ] && [ "$first" = "$last" ] && { [ -z "$2" ] || [ "$first" = "$2" ]; }
}

# $1: number; $2: WHAT; $3: URL; $4: the expected answer, or nothing
ask() {
  while :; do
    if wget -q -T 3 -O "/tmp/got.$1" "$3" 2>"/tmp/said.$1"; then
      whole "/tmp/got.$1" "$4" && return
      echo 'the answer is another, or cut off' >"/tmp/said.$1"
    fi
    [ "$(uptime)" -lt "$end" ] || break
    sleep 1
  done
  read -r said <"/tmp/said.$1"
  printf 'fail %s %.80s\n' "$2" "${said:-no answer}" >"/tmp/fail.$1"
}

number=0
for one; do
  number=$((number + 1))
  what=${one%%=*} where=${one#*=}
  case $where in
    http://*) ask "$number" "$what" "$where" '' & ;;
    *:*) ask "$number" "$what" "http://[$where]:$port/" "$what" & ;;
    *) ask "$number" "$what" "http://$where:$port/" "$what" & ;;
  esac
done
wait

failed=0
for file in /tmp/fail.*; do
  [ -e "$file" ] || continue
  failed=1
  cat "$file"
done >/tmp/result
echo "asked $number" >>/tmp/result
cat /tmp/result
# The kubelet keeps the first 4 KiB of this file.
cat /tmp/result >/dev/termination-log
exit "$failed"
