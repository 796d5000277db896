/**
 * A package like Debian's `etcd-server`: it installs a unit and a user, stops etcd when removed, and deletes everything
 * when purged.
 */
import type { Machine } from '../../../src/lab/machine.ts'

/** On a machine without etcd: setting up the cluster overwrites the package's unit. */
export async function installPackage(machine: Machine): Promise<void> {
  await machine.check(['sh', '-euc', INSTALL])
}

const INSTALL = `
cd "$(mktemp -d)"
mkdir -p p/DEBIAN p/lib/systemd/system
printf 'Package: etcd-server\\nVersion: 3.5.16-4\\nArchitecture: all\\nMaintainer: lab <lab@example.org>\\nDescription: etcd\\n' >p/DEBIAN/control
printf '[Service]\\nExecStart=/usr/bin/etcd\\n' >p/lib/systemd/system/etcd.service
cat >p/DEBIAN/postinst <<'END'
#!/bin/sh
set -e
if [ "$1" = configure ]; then
  getent passwd etcd >/dev/null || useradd --system --user-group --home-dir /var/lib/etcd --no-create-home -s /usr/sbin/nologin etcd
  mkdir -p -m 700 /var/lib/etcd
fi
END
cat >p/DEBIAN/prerm <<'END'
#!/bin/sh
if [ "$1" = remove ]; then systemctl stop etcd.service; fi
END
cat >p/DEBIAN/postrm <<'END'
#!/bin/sh
if [ "$1" = purge ]; then
	deluser --system etcd || userdel etcd || true
	rm -rf /var/lib/etcd || true
fi
END
chmod 755 p/DEBIAN/postinst p/DEBIAN/prerm p/DEBIAN/postrm
dpkg-deb -Znone --root-owner-group -b p etcd-server.deb >/dev/null
dpkg -i etcd-server.deb >/dev/null`
