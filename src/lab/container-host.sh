# Makes a machine of the lab fit to run containers: run once at each boot, before anything that looks at control groups.
# systemd-nspawn leaves the control groups of version 1 read-only, and mounts private; a kubelet wants neither.
set -eu

mount --make-rshared /

for folder in /sys/fs/cgroup/*; do
  controller=${folder##*/}
  case $controller in
  systemd | unified) continue ;;
  esac
  [ -d "$folder" ] && [ ! -L "$folder" ] || continue
  umount --lazy "$folder" || continue
  mount -t cgroup -o "$controller" cgroup "$folder"
done

# A kubelet insists on these values. They belong to the whole computer, which is not to change: so the machine is shown
# files of its own in their place.
mkdir -p /run/lab-sysctl
while read -r name value; do
  file=/run/lab-sysctl/$(echo "$name" | tr / .)
  echo "$value" >"$file"
  mount --bind "$file" "/proc/sys/$name"
done <<'LIST'
vm/overcommit_memory 1
vm/panic_on_oom 0
kernel/panic 10
kernel/panic_on_oops 1
kernel/keys/root_maxkeys 1000000
kernel/keys/root_maxbytes 25000000
LIST
