# Makes a fresh Debian file system ready to be many machines at once.
# $1: the file system's folder.
set -eu
root=$1

# Each machine gets its own: none may be shared.
rm -f "$root"/etc/ssh/ssh_host_* "$root/etc/hostname" "$root/etc/resolv.conf" "$root/var/lib/dbus/machine-id"
: >"$root/etc/machine-id"

# No resolver is within reach, and an address that does not answer would hold up every look-up for seconds.
: >"$root/etc/resolv.conf"

# What systemd-firstboot would ask for.
printf 'LANG=C.UTF-8\n' >"$root/etc/locale.conf"
ln -sf /usr/share/zoneinfo/Etc/UTC "$root/etc/localtime"

# One kind of host key: it is made in milliseconds.
mkdir -p "$root/etc/ssh/sshd_config.d"
# The post-quantum key exchange costs both sides 0.1 s of processor each, and here both sides are this computer.
printf 'HostKey /etc/ssh/ssh_host_ed25519_key\nUseDNS no\nKexAlgorithms curve25519-sha256\n' >"$root/etc/ssh/sshd_config.d/lab.conf"

cat >"$root/etc/systemd/system/lab-network.service" <<'UNIT'
[Unit]
Description=Addresses of this machine
DefaultDependencies=no
Before=network-pre.target network.target ssh.service shutdown.target
Wants=network.target
After=systemd-sysctl.service
Conflicts=shutdown.target
ConditionPathExists=/etc/lab-network

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/ip -batch /etc/lab-network

[Install]
WantedBy=multi-user.target
UNIT

mkdir -p "$root/etc/systemd/system/multi-user.target.wants"
ln -sf ../lab-network.service "$root/etc/systemd/system/multi-user.target.wants/lab-network.service"

# sshd asks for its buffers anew with each packet, and the kernel clears them each time: a third of what it costs to receive
# a program of etcd's size.
mkdir -p "$root/etc/systemd/system/ssh.service.d"
cat >"$root/etc/systemd/system/ssh.service.d/lab.conf" <<'UNIT'
[Service]
Environment=MALLOC_TRIM_THRESHOLD_=67108864 MALLOC_TOP_PAD_=4194304 MALLOC_MMAP_THRESHOLD_=67108864
UNIT

# Four programs at each login that say what nobody reads.
sed -i -E '/pam_(motd|mail)\.so/d' "$root/etc/pam.d/sshd"

# Nothing of these has anything to do in a container, and each costs time at every boot or wakes up later.
for unit in \
  apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer \
  console-getty.service getty.target ssh.socket \
  systemd-firstboot.service systemd-networkd.service systemd-networkd.socket systemd-networkd-wait-online.service \
  systemd-pstore.service systemd-journal-flush.service systemd-update-utmp.service \
  systemd-update-utmp-runlevel.service systemd-binfmt.service proc-sys-fs-binfmt_misc.automount \
  systemd-logind.service systemd-sysusers.service systemd-tmpfiles-setup-dev.service systemd-tmpfiles-clean.timer \
  systemd-initctl.socket systemd-ask-password-console.path systemd-ask-password-wall.path \
  dev-hugepages.mount dev-mqueue.mount; do
  ln -sf /dev/null "$root/etc/systemd/system/$unit"
done

# Generators run at every boot and every daemon-reload; none of these finds anything here.
mkdir -p "$root/etc/systemd/system-generators"
for generator in \
  cryptsetup debug fstab getty gpt-auto hibernate-resume integritysetup rc-local run system-update sysv veritysetup; do
  ln -sf /dev/null "$root/etc/systemd/system-generators/systemd-$generator-generator"
done
