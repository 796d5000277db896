/** `quorate adopt` if others keep owning what etcd uses: a package, or the owner of a link's target. */
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { AdoptJson } from '../../src/cli/output/values.ts'
import type { Check } from '../../src/preflight/checks.ts'
import { type TestLab, testLab, whyNoLab } from './harness.ts'
import { type OpensslCa } from './support/authority.ts'
import { installPackage } from './support/distribution-package.ts'
import { setUpForeign, type Shape } from './support/foreign.ts'
import { quorate, quorateOk } from './support/quorate.ts'
import { BY_HAND, PACKAGED } from './support/shapes.ts'
import { statusOf } from './support/status.ts'
import { NOTHING_TO_CHANGE } from './support/unchanged.ts'

const PKI = '/etc/kubernetes/pki/etcd'

/** In the package's own directory, as its user. */
const DEBIAN: Shape = {
  ...PACKAGED,
  user: 'etcd',
  folders: ['/var/lib/etcd'],
  unit: { ...PACKAGED.unit, text: (member) => BY_HAND.unit.text(member) },
  files: (member) =>
    BY_HAND.files(member).map((file) => ({
      ...file,
      text: file.text
        .replace('ETCD_DATA_DIR=/opt/etcd/data', 'ETCD_DATA_DIR=/var/lib/etcd/default')
        .replace(/ETCD_WAL_DIR=.*\n/, ''),
    })),
}

/** Next to etcd's own files, through the link: another program's. */
const LINKED: Shape = {
  ...BY_HAND,
  certificates: (member) => [
    ...BY_HAND.certificates(member),
    {
      certificate: '/etc/ssl/etcd/healthcheck.crt',
      key: '/etc/ssl/etcd/healthcheck.key',
      commonName: 'healthcheck',
      names: 'DNS:localhost',
      owner: 'root',
    },
  ],
}

describe.skipIf(whyNoLab())('a cluster is adopted of which somebody else owns a part', () => {
  let lab: TestLab
  beforeAll(async () => {
    lab = await testLab({ machines: 3, oneProcessor: false })
  })
  afterAll(async () => await lab.down())

  const on = async (name: string, script: string) => await lab.machine(name).check(['sh', '-euc', script])
  const file = (name: string) => ({ clusterFile: path.join(lab.folder, `${name}.yaml`) })
  const adopt = (name: string, machine: string, ca: OpensslCa) => [
    'adopt',
    `--name=${name}`,
    '--suite=trixie',
    lab.machine(machine).address,
    '--yes',
    '--json',
    '--user=root',
    `--identity-file=${lab.identityFile}`,
    `--ca-certificate=${ca.certificate}`,
    `--ca-key=${ca.key}`,
  ]
  const set = async (name: string, machine: string, shape: Shape) => {
    const ca = await setUpForeign(lab, [lab.machine(machine)], shape)
    return JSON.parse(await quorateOk(file(name), adopt(name, machine, ca))) as {
      readonly remarks: AdoptJson['remarks']
    }
  }
  const packages = async (name: string) => {
    const { stdout } = await quorate(file(name), ['preflight', '--json'])
    const { checks } = JSON.parse(stdout) as { readonly checks: readonly Check[] }
    return checks.filter(({ id }) => id === 'package').map(({ result }) => result)
  }

  test('a package that would delete the data when purged: adopt, preflight and apply say so until it is on hold', async () => {
    await installPackage(lab.machine('etcd01'))
    const { remarks } = await set('debian', 'etcd01', DEBIAN)
    // Also which of the member's directories a purge would delete.
    const warned = remarks.filter(({ id }) => id === 'package-owns-the-unit')
    expect(warned).toMatchObject([
      {
        severity: 'warning',
        message: expect.stringMatching(/etcd-server .*\(\/var\/lib\/etcd.*apt-mark hold etcd-server/),
      },
    ])
    expect(await packages('debian')).toEqual(['warning'])
    const applied = await quorate(file('debian'), ['apply', '--yes'])
    expect(applied.exitCode).toBe(0)
    expect(applied.stderr).toContain('apt-mark hold etcd-server')
    await on('etcd01', 'apt-mark hold etcd-server')
    expect(await packages('debian')).toEqual(['ok'])
    expect((await statusOf(file('debian'))).exitCode).toBe(0)
  })

  test('with its data elsewhere a purge takes unit and user, and apply brings both back', async () => {
    await installPackage(lab.machine('etcd02'))
    await on('etcd02', 'mkdir -p /etc/ssl/etcd; install -m 600 /dev/null /etc/ssl/etcd/theirs.key')
    const { remarks } = await set('elsewhere', 'etcd02', {
      ...DEBIAN,
      files: BY_HAND.files,
      folders: BY_HAND.folders,
    })
    const owned = remarks.filter(({ id }) => id === 'package-owns-the-unit')
    expect(owned).toHaveLength(1)
    expect(owned[0]?.message).not.toContain(BY_HAND.folders[0])
    await quorateOk(file('elsewhere'), ['apply', '--yes'])
    // Another program's key next to etcd's own keeps its owner and mode.
    expect(await on('etcd02', 'stat -L -c "%U:%G %a" /etc/ssl/etcd/theirs.key')).toBe('root:root 600\n')
    await quorateOk(file('elsewhere'), ['etcdctl', '--', 'put', 'a', 'kept'])
    await on(
      'etcd02',
      'dpkg --purge etcd-server >/dev/null; userdel etcd 2>/dev/null || true; groupdel etcd 2>/dev/null || true',
    )
    expect((await lab.machine('etcd02').exec(['getent', 'passwd', 'etcd'])).exitCode).toBe(2)
    await quorateOk(file('elsewhere'), ['apply', '--yes'])
    expect((await statusOf(file('elsewhere'))).exitCode).toBe(0)
    expect(await quorateOk(file('elsewhere'), ['etcdctl', '--', 'get', 'a', '--print-value-only'])).toBe(
      'kept\n',
    )
    expect(await quorateOk(file('elsewhere'), ['apply'])).toBe(NOTHING_TO_CHANGE)
  })

  test('/etc/ssl/etcd is a link to where the PKI lies: what else is there stays reachable, and untouched', async () => {
    await on(
      'etcd03',
      `mkdir -p ${PKI}/clients; ln -s ${PKI} /etc/ssl/etcd; echo mine >${PKI}/clients/a; echo mine >${PKI}/.hidden`,
    )
    await set('linked', 'etcd03', LINKED)
    await on('etcd03', `cp ${PKI}/ca.crt ${PKI}/ca.pem; chown etcd: ${PKI}/ca.pem; chmod 755 ${PKI}`)
    const theirs = `cd ${PKI}; stat -c '%n %U:%G %a %Y' . * .hidden; sha256sum *.*`
    const before = await on('etcd03', theirs)
    for (const lost of ['', 'rm /etc/ssl/etcd/etcd.*']) {
      await on('etcd03', lost)
      await quorateOk(file('linked'), ['apply', '--yes'])
      expect(await on('etcd03', theirs)).toBe(before)
      const tls = '--cacert=ca.pem --cert=healthcheck.crt --key=healthcheck.key'
      const asked = `cd /etc/ssl/etcd; ETCDCTL_API=3 /usr/local/bin/etcdctl --endpoints=https://${lab.machine('etcd03').address}:2379 ${tls} get x`
      expect(await on('etcd03', asked)).toBe('')
      expect(
        await on('etcd03', 'cat /etc/ssl/etcd/clients/a /etc/ssl/etcd/.hidden; readlink /etc/ssl/etcd'),
      ).toMatch(/^mine\nmine\netcd\.d\/pair\.\w+\n$/)
    }
    expect((await statusOf(file('linked'))).exitCode).toBe(0)
    expect(await quorateOk(file('linked'), ['apply'])).toBe(NOTHING_TO_CHANGE)
  })
})
