# Looks at the etcd that runs on a node, whoever set it up. Changes nothing, and reads no private key.
# Prints a line for each thing found; texts that may hold anything are in base64.
set -eu
export LC_ALL=C
most=262144

encode() {
  head -c "$most" | base64 -w 0
}

# content PATH: of a regular file, links followed (configuration often lies behind one). What is no file any more when it
# is opened, a FIFO for instance, keeps nobody waiting.
content() {
  [ -f "$1" ] && dd if="$1" iflag=nonblock bs=64K count=4 status=none 2>/dev/null
}

# What runs services, asked once: those of etcd's usual names also where they are stopped.
units=$(systemctl show etcd.service etcd2.service etcd3.service etcd-events.service etcd-server.service '*.service' \
  -p Id,MainPID,FragmentPath,UnitFileState,DropInPaths,LoadState,ActiveState,SubState,Result,NRestarts 2>/dev/null || true)

# each_unit COMMAND…: calls it for each unit, whose properties are in $id, $pid and so on.
each_unit() {
  id='' pid='' fragment='' enabled='' drops='' load='' active='' sub='' result='' restarts=''
  while IFS= read -r line; do
    case $line in
      Id=*) id=${line#*=} ;;
      MainPID=*) pid=${line#*=} ;;
      FragmentPath=*) fragment=${line#*=} ;;
      UnitFileState=*) enabled=${line#*=} ;;
      DropInPaths=*) drops=${line#*=} ;;
      LoadState=*) load=${line#*=} ;;
      ActiveState=*) active=${line#*=} ;;
      SubState=*) sub=${line#*=} ;;
      Result=*) result=${line#*=} ;;
      NRestarts=*) restarts=${line#*=} ;;
      '')
        "$@"
        id='' pid='' fragment='' enabled='' drops='' load='' active='' sub='' result='' restarts=''
        ;;
    esac
  done <<LINES
$units

LINES
}

# A service that is etcd's by its name, and how it is.
report_service() {
  case $id in
    *etcd*) [ "$load" != loaded ] || printf 'service %s|%s|%s|%s|%s\n' "$id" "$active" "$sub" "$result" "${restarts:-0}" ;;
  esac
}

# The service whose main process it is; or, where that is a script which started it, in whose control group it is.
report_unit() {
  if [ "$pid" != "$wanted" ]; then
    case $group in
      *"/$id" | *"/$id/"*) [ -n "$id" ] || return 0 ;;
      *) return 0 ;;
    esac
  fi
  printf 'unit %s|%s|%s|%s\n' "$id" "$fragment" "$enabled" "$drops"
  printf 'text %s\n' "$(content "$fragment" | encode)"
}

# config_of PID: the file that --config-file names, seen as the process sees it. Empty where it can't be read.
config_of() {
  # Of two flags the last counts, of two variables the first.
  file=$(tr '\0' '\n' <"/proc/$1/environ" | sed -n 's/^ETCD_CONFIG_FILE=//p' | head -n 1)
  named=$(tr '\0' '\n' <"/proc/$1/cmdline" |
    sed -n -e 's/^--\{0,1\}config-file=//p' -e '/^--\{0,1\}config-file$/{n;p;}' | tail -n 1)
  file=${named:-$file}
  [ -n "$file" ] || return 0
  case $file in /*) ;; *) file=$(readlink "/proc/$1/cwd")/$file ;; esac
  printf 'config %s\n' "$(content "/proc/$1/root$file" | encode)"
}

# describe PID USER: fails where it ends meanwhile.
describe() {
  command=$(encode <"/proc/$1/cmdline") && [ -n "$command" ] || return 1
  printf 'process %s %s\n' "$1" "$2"
  printf 'executable %s\n' "$(readlink "/proc/$1/exe")"
  printf 'command %s\n' "$command"
  printf 'environment %s\n' "$(encode <"/proc/$1/environ")"
  group=$(tail -n 1 "/proc/$1/cgroup")
  printf 'cgroup %s\n' "$group"
  printf 'directory %s\n' "$(readlink "/proc/$1/cwd")"
  wanted=$1
  each_unit report_unit
  config_of "$1"
  [ -e "/proc/$1/exe" ]
}

# Which node this is, whatever it is called.
printf 'machine %s %s\n' "$(cat /proc/sys/kernel/random/boot_id)" "$(readlink /proc/self/ns/pid)"
# Where the mark goes. In some layouts it belongs to etcd.
if [ -d /etc/etcd ] && [ ! -L /etc/etcd ]; then stat -c 'ground %U|%G|%a' /etc/etcd; fi
if [ -f /etc/etcd/cluster-id ]; then printf 'pin %s\n' "$(content /etc/etcd/cluster-id | encode)"; fi
if [ -f /etc/kubernetes/manifests/etcd.yaml ]; then printf 'manifest %s\n' /etc/kubernetes/manifests/etcd.yaml; fi
each_unit report_service

# Any local user can run a program called etcd, and as many as he likes: what his names is not read as root.
members=0
strangers=0
for process in /proc/[0-9]*; do
  { read -r name <"$process/comm"; } 2>/dev/null || continue
  case $name in etcd | etcd-[0-9v]* | etcd[0-9]*) ;; *) continue ;; esac
  pid=${process#/proc/}
  user=$(stat -c %U "$process" 2>/dev/null) || continue
  case $user in
    root | etcd)
      members=$((members + 1))
      [ "$members" -le 32 ] || continue
      if lines=$(describe "$pid" "$user" 2>/dev/null); then printf '%s\n' "$lines"; fi
      ;;
    *)
      strangers=$((strangers + 1))
      [ "$strangers" -gt 8 ] || printf 'stranger %s %s\n' "$pid" "$user"
      ;;
  esac
done
