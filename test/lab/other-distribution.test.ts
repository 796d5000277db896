/**
 * Machines that differ from Debian in what quorate meets first: bash as sh, no apt and no dpkg, no nologin shell at
 * Debian's path, another os-release, and a restorecon that records what is labeled. Not a real distribution of the Red
 * Hat family: these tests can't reach its packages.
 */
import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Check } from '../../src/preflight/checks.ts'
import { LAB_ETCD } from './etcd-binaries.ts'
import { type TestLab, testLab, whyNoLab } from './harness.ts'
import { freshState } from './support/fresh.ts'
import { quorate, quorateOk } from './support/quorate.ts'
import { statusOf } from './support/status.ts'
import { NOTHING_TO_CHANGE } from './support/unchanged.ts'

const reason = whyNoLab()
const because = reason === undefined ? '' : ` (${reason})`
const PREFLIGHT = 3

const MAKE_OTHER = `set -eu
ln -sf bash /bin/sh
mkdir /root/hidden
mv /usr/bin/apt /usr/bin/apt-* /usr/bin/dpkg* /usr/sbin/nologin /root/hidden/
mv /var/lib/dpkg /root/hidden/state
rm /etc/os-release
printf '%s\\n' 'NAME="Rocky Linux"' 'VERSION="9.4 (Blue Onyx)"' 'ID="rocky"' 'ID_LIKE="rhel centos fedora"' \\
  'VERSION_ID="9.4"' 'PRETTY_NAME="Rocky Linux 9.4 (Blue Onyx)"' >/etc/os-release
put() { printf '#!/bin/sh\\n%s\\n' "$2" >"$1" && chmod 755 "$1"; }
put /usr/bin/rpm 'exit 1'
put /usr/bin/dnf 'exit 1'
put /usr/sbin/restorecon 'printf "%s\\\\n" "$*" >>/root/labelled'
`

describe.skipIf(reason)(`machines without apt, with bash as sh${because}`, () => {
  let lab: TestLab
  beforeAll(async () => {
    lab = await testLab({ machines: 3, cluster: { etcd: LAB_ETCD } })
    await freshState(lab)
    await Promise.all(lab.machines.map(async (machine) => await machine.check(['bash', '-c', MAKE_OTHER])))
  })
  afterAll(async () => {
    await lab.down()
  })

  /** What preflight objects to, and what it says about packages. */
  const preflight = async () => {
    const { stdout } = await quorate(lab, ['preflight', '--json'])
    const { checks } = JSON.parse(stdout) as { checks: readonly Check[] }
    const failures = checks.flatMap(({ host, id, result, found, remedy }) =>
      result === 'failure' ? [[host, id, found, remedy].join(' ')] : [],
    )
    return { failures, packages: checks.filter(({ id }) => id === 'packages') }
  }

  test("a missing package is named with the machine's own command, by preflight and before apply's first step", async () => {
    await lab.writeCluster({ etcd: LAB_ETCD, packages: ['curl', 'no-such-package'] })
    const { failures } = await preflight()
    const wrong = /^\w+ packages missing: no-such-package .*dnf install no-such-package/
    expect(failures).toEqual(lab.machines.map(() => expect.stringMatching(wrong) as string))
    const { exitCode: refused, stderr } = await quorate(lab, ['apply', '--yes'])
    expect(refused).toBe(PREFLIGHT)
    expect(stderr).toContain('dnf install no-such-package')
    for (const machine of lab.machines)
      expect((await machine.exec(['test', '-e', '/etc/etcd'])).exitCode).toBe(1)
  })

  test('with what is needed there all works: a first apply, a second one, a restart, a backup', async () => {
    await lab.writeCluster({ etcd: LAB_ETCD })
    const { failures, packages } = await preflight()
    expect(failures).toEqual([])
    expect(packages.map(({ result }) => result)).toEqual(['ok', 'ok', 'ok'])
    await quorateOk(lab, ['apply', '--yes'])
    expect(await quorateOk(lab, ['apply'])).toBe(NOTHING_TO_CHANGE)
    await quorateOk(lab, ['restart', 'etcd01', 'etcd02', 'etcd03', '--yes'])
    expect((await statusOf(lab)).exitCode).toBe(0)
    const store = path.join(lab.folder, 'backups')
    await quorateOk(lab, ['backup', '--plaintext', '--store', store])
    expect((await readdir(store)).filter((file) => file.endsWith('.bundle'))).toHaveLength(1)
  })

  test('what was put in place was given the label of its place', async () => {
    for (const machine of lab.machines) {
      const labelled = (await machine.readFile('/root/labelled')).trim().split('\n')
      const places = ['/usr/local/bin/etcd', '/etc/systemd/system/etcd.service', '/etc/etcd/options.env']
      for (const place of [...places, '/opt/etcd/data']) expect(labelled).toContain(place)
    }
  })
})
