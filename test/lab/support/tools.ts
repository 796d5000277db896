/** Standard tools on this host, against the lab's cluster: they must agree with quorate. */
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { run, tool } from '../../../src/lab/tool.ts'
import type { ProcessResult } from '../../../src/ssh/process.ts'
import { LAB_ETCD, etcdBinaries, type EtcdChoice } from '../etcd-binaries.ts'
import type { TestLab } from '../harness.ts'
import { stateFolder } from './fresh.ts'

/** The certificate that quorate itself uses, as files: `[ca, certificate, key]`. */
export function operatorFiles(lab: TestLab): readonly [ca: string, certificate: string, key: string] {
  const folder = path.join(stateFolder(lab), 'operator')
  return [
    path.join(folder, 'ca.crt'),
    path.join(folder, 'quorate-operator.crt'),
    path.join(folder, 'quorate-operator.key'),
  ]
}

/** `https://ADDRESS:2379` for each, with brackets if necessary. */
export function endpoints(addresses: readonly string[]): readonly string[] {
  return addresses.map((address) => `https://${address.includes(':') ? `[${address}]` : address}:2379`)
}

export interface PlainEtcdctl {
  /** Its version; default: the lab's. */
  readonly etcd?: EtcdChoice
  readonly addresses: readonly string[]
}

/** etcd's own etcdctl (v3 API), of that version, on this host and directly over the network. */
export async function etcdctlHere(
  lab: TestLab,
  { etcd = LAB_ETCD.version, addresses }: PlainEtcdctl,
  args: readonly string[],
): Promise<ProcessResult> {
  const { directory } = await etcdBinaries(etcd)
  const [ca, certificate, key] = operatorFiles(lab)
  const flags = [`--cacert=${ca}`, `--cert=${certificate}`, `--key=${key}`]
  return await run(
    [path.join(directory, 'etcdctl'), `--endpoints=${endpoints(addresses).join()}`, ...flags, ...args],
    { env: { PATH: process.env['PATH'], ETCDCTL_API: '3' } },
  )
}

/** curl on this host; without `--fail`, so that refused requests can be inspected. */
export async function curlHere(args: readonly string[]): Promise<ProcessResult> {
  return await run(['curl', '--silent', '--show-error', '--max-time', '10', '--noproxy', '*', ...args])
}

/** curl with the operator's certificate. */
export async function curlWithCertificate(lab: TestLab, url: string): Promise<ProcessResult> {
  const [ca, certificate, key] = operatorFiles(lab)
  return await curlHere(['--cacert', ca, '--cert', certificate, '--key', key, url])
}

/** Copies a file of a machine to the lab's directory, for local tools; returns its path. */
export async function fetchFile(lab: TestLab, name: string, file: string): Promise<string> {
  const here = path.join(lab.folder, `${name}-${path.basename(file)}`)
  await writeFile(here, await lab.machine(name).readFile(file))
  return here
}

/** openssl on this host, which must succeed; arguments may be grouped. */
export async function openssl(...args: readonly (string | readonly string[])[]): Promise<string> {
  return await tool(['openssl', ...args.flat()])
}
