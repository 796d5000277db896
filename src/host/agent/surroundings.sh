# What reaches etcd from outside quorate's own files: drop-ins of its unit, environment files that these name, and the
# environment that systemd gives to each service. Drop-ins count before there is a unit, and systemd shows none then.

# encoded FILE: in base64, at most 64 KiB of it; nothing of what is no regular file: a pipe would be waited for.
encoded() {
  [ ! -f "$1" ] || dd if="$1" iflag=nonblock bs=64K count=1 status=none 2>/dev/null | base64 -w 0
}

# surroundings [PATH…]: PATHs are drop-ins that systemd has loaded: by other names of the unit there are further ones. The
# places are systemd.unit(5)'s, the first counts most; of two files with the same name only that counts.
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

# environment_files DROP-IN: the files that it names, as they are written there.
environment_files() {
  # No part of a name is cut off at a blank, but a pattern is one.
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

# manager_environment: what of it etcd would read, and, where it is kept for all services, the file.
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

