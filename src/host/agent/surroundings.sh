# What reaches etcd from outside quorate's own files: drop-ins of its unit, environment files that these name, and the
# environment that systemd gives to each service. Drop-ins are effective before the unit exists, and systemd
# shows none then.

# encoded FILE: prints at most 64 KiB of it in base64; nothing for anything but a regular file, because a pipe
# would block.
encoded() {
  [ ! -f "$1" ] || dd if="$1" iflag=nonblock bs=64K count=1 status=none 2>/dev/null | base64 -w 0
}

# surroundings [PATH…]: PATHs are drop-ins that systemd has loaded, including those under other names of the
# unit. The directories are those of systemd.unit(5) in order of precedence; of two files with the same name
# only the first is effective.
surroundings() {
  kept=64
  for file in /etc/systemd/system.control/etcd.service.d/*.conf /run/systemd/system.control/etcd.service.d/*.conf \
    /run/systemd/transient/etcd.service.d/*.conf /run/systemd/generator.early/etcd.service.d/*.conf \
    /etc/systemd/system/etcd.service.d/*.conf /etc/systemd/system.attached/etcd.service.d/*.conf \
    /run/systemd/system/etcd.service.d/*.conf /run/systemd/system.attached/etcd.service.d/*.conf \
    /run/systemd/generator/etcd.service.d/*.conf /usr/local/lib/systemd/system/etcd.service.d/*.conf \
    /lib/systemd/system/etcd.service.d/*.conf /usr/lib/systemd/system/etcd.service.d/*.conf \
    /run/systemd/generator.late/etcd.service.d/*.conf \
    /etc/systemd/system.control/service.d/*.conf /run/systemd/system.control/service.d/*.conf \
    /run/systemd/generator.early/service.d/*.conf /etc/systemd/system/service.d/*.conf /run/systemd/system/service.d/*.conf \
    /run/systemd/generator/service.d/*.conf /usr/local/lib/systemd/system/service.d/*.conf \
    /lib/systemd/system/service.d/*.conf /usr/lib/systemd/system/service.d/*.conf \
    /run/systemd/generator.late/service.d/*.conf "$@"; do
    [ -e "$file" ] && [ "$kept" -gt 0 ] || continue
    kept=$((kept - 1))
    printf 'drop-in %s %s\n' "$(encoded "$file")" "$(printf '%s' "$file" | tr '\n' '?')"
    [ ! -f "$file" ] || environment_files "$file"
  done
  manager_environment
}

# environment_files DROP-IN: prints the file names in it, unchanged.
environment_files() {
  # Names are not split at spaces, but patterns are expanded.
  dd if="$1" iflag=nonblock bs=64K count=1 status=none 2>/dev/null |
    sed -n 's/^[[:blank:]]*EnvironmentFile[[:blank:]]*=[[:blank:]]*-\{0,1\}\(\/.*[^[:blank:]]\)[[:blank:]]*$/\1/p' | head -n 16 |
    while IFS= read -r named; do
      pattern=$(printf '%s' "$named" | sed -e 's/%n/etcd.service/g' -e 's/%[Np]/etcd/g')
      IFS=
      # shellcheck disable=SC2086 # as systemd reads it
      for file in $pattern; do
        [ ! -f "$file" ] || printf 'settings %s %s\n' "$(encoded "$file")" "$named"
      done
    done
}

# manager_environment: prints the variables that etcd would read, and the file that sets them for all services.
manager_environment() {
  systemctl show-environment 2>/dev/null | while IFS= read -r line; do
    case $line in
      ETCD_*=* | QUORATE_*=*)
        printf 'ambient %s\n' "$line"
        grep -l -s -e "^[[:blank:]]*DefaultEnvironment.*${line%%=*}=" /etc/systemd/system.conf /etc/systemd/system.conf.d/*.conf \
          /run/systemd/system.conf.d/*.conf /usr/lib/systemd/system.conf.d/*.conf | head -n 1 | sed "s/^/ambient-file ${line%%=*} /"
        ;;
    esac
  done
}

