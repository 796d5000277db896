/** Clusters set up by others: by hand as in an older handbook, by Kubespray, by kubeadm. */
import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Machine } from '../../../src/lab/machine.ts'
import { etcdBinaries, type EtcdSuite } from '../etcd-binaries.ts'
import type { TestLab } from '../harness.ts'
import { type OpensslCa, opensslCa } from './authority.ts'
import { openssl } from './tools.ts'

export interface Shape {
  readonly suite: EtcdSuite
  /** Each member's name, in the machines' order. */
  readonly names: readonly string[]
  /** The unit's name, and its text. */
  readonly unit: { readonly path: string; readonly text: (member: ForeignMember) => string }
  /** Further files by path, with owner and mode. */
  readonly files: (member: ForeignMember) => readonly ForeignFile[]
  /** Paths of each certificate and its key, and what it is issued for. */
  readonly certificates: (member: ForeignMember) => readonly ForeignCertificate[]
  /**
   * Path of the CA's certificate, and of its key if the members have that too; undefined: neither is on the members.
   */
  readonly ca?: { readonly certificate: string; readonly key?: string }
  /** Directories that etcd requires beforehand. */
  readonly folders: readonly string[]
  /** Mode of these directories; default: `700`. */
  readonly folderMode?: string
  readonly user: string
  /** The directory of the programs; default: `/usr/local/bin`. */
  readonly binaries?: string
  /** The CA is an intermediate, and the members trust it and its issuer. */
  readonly intermediate?: true
  /** Further services to start, whose units are among the files. */
  readonly services?: readonly string[]
}

export interface ForeignMember {
  readonly name: string
  readonly address: string
  readonly all: readonly { readonly name: string; readonly address: string }[]
}

interface ForeignFile {
  readonly path: string
  readonly text: string
  readonly owner?: string
  readonly mode?: string
}

interface ForeignCertificate {
  readonly certificate: string
  readonly key: string
  readonly commonName: string
  /** In the form of openssl.cnf. */
  readonly names: string
  readonly owner: string
  /** Mode of the key; default: `0600`. */
  readonly keyMode?: string
}

/** `NAME=https://ADDRESS:2380,…` */
export function initialCluster({ all }: ForeignMember, scheme: 'http' | 'https' = 'https'): string {
  return all.map(({ name, address }) => `${name}=${scheme}://${address}:2380`).join(',')
}

/** Sets up the machines in this layout and starts all members. Returns the CA, whose key is local. */
export async function setUpForeign(
  lab: TestLab,
  machines: readonly Machine[],
  shape: Shape,
): Promise<OpensslCa> {
  const above = shape.intermediate && (await opensslCa(lab.folder, `root-of-${machines[0]?.name}`))
  const ca = await opensslCa(lab.folder, `ca-of-${machines[0]?.name}`, above)
  const { directory } = await etcdBinaries(shape.suite)
  const all = machines.map(({ address }, index) => ({ name: shape.names[index] ?? '', address }))
  await Promise.all(
    machines.map(async (machine, index) => {
      const own = all[index]
      if (own === undefined) throw new TypeError('a name for each machine')
      const member = { ...own, all }
      await machine.check(['sh', '-c', 'id etcd >/dev/null 2>&1 || useradd --system -U -s /bin/false etcd'])
      for (const program of ['etcd', 'etcdctl']) {
        const bytes = await readFile(path.join(directory, program))
        const folder = shape.binaries ?? '/usr/local/bin'
        await machine.writeFile(`${folder}/${program}`, bytes, { mode: '0755' })
      }
      if (shape.ca !== undefined)
        await machine.writeFile(shape.ca.certificate, await readFile(ca.certificate))
      if (shape.ca?.key !== undefined)
        await machine.writeFile(shape.ca.key, await readFile(ca.key), { mode: '0600' })
      for (const wanted of shape.certificates(member)) await issue(lab, machine, ca, wanted)
      for (const file of shape.files(member)) await machine.writeFile(file.path, file.text, file)
      for (const folder of shape.folders) {
        const owner = ['-o', shape.user, '-g', shape.user]
        await machine.check(['install', '-d', '-m', shape.folderMode ?? '700', ...owner, folder])
      }
      await machine.writeFile(shape.unit.path, shape.unit.text(member))
      await machine.check(['systemctl', 'daemon-reload'])
      await machine.check(['systemctl', 'enable', '--quiet', path.basename(shape.unit.path)])
    }),
  )
  const services = [path.basename(shape.unit.path), ...(shape.services ?? [])]
  await Promise.all(
    machines.map(async (machine) => {
      const { exitCode } = await machine.exec(['systemctl', 'start', ...services])
      if (exitCode === 0) return
      const units = services.flatMap((service) => ['-u', service])
      throw new Error(`${machine.name}: ${await machine.check(['journalctl', '-n', '30', ...units])}`)
    }),
  )
  return ca
}

async function issue(
  lab: TestLab,
  machine: Machine,
  ca: OpensslCa,
  wanted: ForeignCertificate,
): Promise<void> {
  const stem = path.join(lab.folder, `${machine.name}-${path.basename(wanted.key, path.extname(wanted.key))}`)
  const { certificate, key, names, commonName, owner } = wanted
  const request = ['req', '-new', '-newkey', 'rsa:2048', '-nodes', '-keyout', `${stem}.key`]
  await openssl(request, ['-subj', `/CN=${commonName}`, '-out', `${stem}.csr`])
  const usage = `basicConstraints=CA:FALSE\nextendedKeyUsage=clientAuth,serverAuth\nsubjectAltName=${names}\n`
  await writeFile(`${stem}.ext`, usage)
  const sign = ['x509', '-req', '-in', `${stem}.csr`, '-days', '365', '-extfile', `${stem}.ext`]
  // With its own serial: several are signed at once, and openssl's file of serials is incomplete for a moment.
  const serial = `0x01${randomBytes(15).toString('hex')}`
  await openssl(sign, ['-CA', ca.certificate, '-CAkey', ca.key, '-set_serial', serial, '-out', `${stem}.crt`])
  const text = (await readFile(`${stem}.crt`, 'utf8')) + (await readFile(ca.certificate, 'utf8'))
  await machine.writeFile(certificate, text, { owner, mode: '0644' })
  await machine.writeFile(key, await readFile(`${stem}.key`), { owner, mode: wanted.keyMode ?? '0600' })
}

/** The process that serves, so that a test can check that it was not restarted. */
export async function etcdPids(machines: readonly Machine[]): Promise<readonly string[]> {
  return await Promise.all(machines.map(async (machine) => (await machine.check(['pidof', 'etcd'])).trim()))
}
