# Becomes the container of one machine, in a mount namespace of its own: its mounts end with its last process, however
# that comes about.
# $1: base file system  $2: the machine's folder  $3: control group, or empty  $4: controllers of version 1 in which it is to
# have that group too, or empty  then pairs of image and mount point, then --, then the command to become.
set -eu
base=$1 directory=$2 cgroup=$3 controllers=$4
shift 4

# Without a systemd on this computer that would do it: several systemds in one control group end each other's processes.
if [ -n "$cgroup" ]; then
  for tree in /sys/fs/cgroup /sys/fs/cgroup/unified /sys/fs/cgroup/systemd; do
    if [ -f "$tree/cgroup.procs" ]; then
      mkdir -p "$tree/$cgroup"
      echo $$ >"$tree/$cgroup/cgroup.procs"
    fi
  done
  for controller in $controllers; do
    tree=/sys/fs/cgroup/$controller
    [ -f "$tree/cgroup.procs" ] || continue
    mkdir -p "$tree/$cgroup"
    if [ "$controller" = cpuset ]; then
      # A group takes nobody in before it has processors and memory.
      cat "$tree/cpuset.cpus" >"$tree/$cgroup/cpuset.cpus"
      cat "$tree/cpuset.mems" >"$tree/$cgroup/cpuset.mems"
    fi
    echo $$ >"$tree/$cgroup/cgroup.procs"
  done
fi

mount -t overlay overlay -o "lowerdir=$base,upperdir=$directory/upper,workdir=$directory/work" "$directory/root"
while [ "$1" != -- ]; do
  mount -o loop "$1" "$2"
  shift 2
done
shift

# Written before anything runs that would have to be ended.
cat /proc/sys/kernel/random/boot_id "/proc/$$/stat" >"$directory/process.new"
mv "$directory/process.new" "$directory/process"
exec "$@"
