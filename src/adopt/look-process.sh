# Looks at the etcd that runs on a machine, whoever set it up. Changes nothing, and reads no private key.
# Prints a line for each thing found; texts that may hold anything are in base64.
set -eu
export LC_ALL=C

encode() {
  head -c 262144 | base64 -w 0
}

# unit_of PID: the service whose main process it is.
unit_of() {
  { systemctl show '*.service' -p Id,MainPID,FragmentPath,UnitFileState,DropInPaths 2>/dev/null || true; echo; } | {
    id='' pid='' fragment='' state='' drops=''
    while IFS= read -r line; do
      case $line in
        Id=*) id=${line#*=} ;;
        MainPID=*) pid=${line#*=} ;;
        FragmentPath=*) fragment=${line#*=} ;;
        UnitFileState=*) state=${line#*=} ;;
        DropInPaths=*) drops=${line#*=} ;;
        '')
          if [ "$pid" = "$1" ]; then
            printf 'unit %s|%s|%s|%s\n' "$id" "$fragment" "$state" "$drops"
            if [ -r "$fragment" ]; then printf 'text %s\n' "$(encode <"$fragment")"; fi
          fi
          id='' pid='' fragment='' state='' drops=''
          ;;
      esac
    done
  }
}

# config_of PID: the file that --config-file names, seen as the process sees it.
config_of() {
  file=$(tr '\0' '\n' <"/proc/$1/environ" | sed -n 's/^ETCD_CONFIG_FILE=//p')
  named=$(tr '\0' '\n' <"/proc/$1/cmdline" | sed -n -e 's/^--\{0,1\}config-file=//p' -e '/^--\{0,1\}config-file$/{n;p;}')
  file=${named:-$file}
  [ -n "$file" ] || return 0
  case $file in /*) ;; *) file=$(readlink "/proc/$1/cwd")/$file ;; esac
  printf 'config %s\n' "$(encode <"/proc/$1/root$file")"
}

if [ -r /etc/etcd/cluster-id ]; then printf 'pin %s\n' "$(encode </etc/etcd/cluster-id)"; fi
if [ -r /etc/kubernetes/manifests/etcd.yaml ]; then printf 'manifest %s\n' /etc/kubernetes/manifests/etcd.yaml; fi

for process in /proc/[0-9]*; do
  # It may end while we look.
  { read -r name <"$process/comm"; } 2>/dev/null || continue
  [ "$name" = etcd ] || continue
  pid=${process#/proc/}
  command=$(encode <"$process/cmdline") || continue
  [ -n "$command" ] || continue
  printf 'process %s %s\n' "$pid" "$(stat -c %U "$process")"
  printf 'executable %s\n' "$(readlink "$process/exe" || true)"
  printf 'command %s\n' "$command"
  printf 'environment %s\n' "$(encode <"$process/environ")"
  printf 'cgroup %s\n' "$(tail -n 1 "$process/cgroup" || true)"
  printf 'directory %s\n' "$(readlink "$process/cwd" || true)"
  unit_of "$pid"
  config_of "$pid"
done
