/**
 * A cluster some days after its CA has expired, without the wait: everything on disk, and every member started with it.
 */
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { tool } from '../../../src/lab/tool.ts'
import { makeRoot, privateKeyPem } from '../../../src/pki/signer.ts'
import { trustMarkFile } from '../../../src/pki/trust-mark.ts'
import type { TestLab } from '../harness.ts'
import { type OpensslCa, forge } from './authority.ts'
import { operatorFiles } from './tools.ts'

/** quorate's own CAs are valid for ten years: this one started some days more than that ago. */
const TEN_YEARS_AND_MORE = 3660 * 86_400_000

/** Dates of leaf certificates, within the CA's, in ASN.1's form. */
const LEAF = { notBefore: '20250101000000Z', notAfter: '20250601000000Z' }

/** @param members names of the machines that run etcd; `ca` the local paths for its certificate and key */
export async function expireCa(lab: TestLab, members: readonly string[], ca: OpensslCa): Promise<void> {
  const now = new Date(Date.now() - TEN_YEARS_AND_MORE)
  const { certificatePem, key } = await makeRoot({ commonName: 'test etcd CA', algorithm: 'ecdsa-p256', now })
  await writeFile(ca.certificate, certificatePem)
  await writeFile(ca.key, privateKeyPem(key), { mode: 0o600 })
  const leaf = async (csr: string, names: string) =>
    (await forge(lab.folder, ca, { csr, names, ...LEAF })) + certificatePem
  for (const name of members) {
    const machine = lab.machine(name)
    const csr = await machine.check(request('/etc/ssl/etcd/etcd.key', name))
    const names = `DNS:${name},DNS:localhost,IP:${machine.address},IP:127.0.0.1,IP:::1`
    await put(lab, name, '/etc/ssl/etcd/etcd.crt', await leaf(csr, names))
    await put(lab, name, '/etc/ssl/etcd/ca.crt', certificatePem)
    await put(lab, name, '/etc/ssl/etcd/ca.env', trustMarkFile(certificatePem))
  }
  // Awaited: a process that ends slowly still trusts the previous CA, which has not expired.
  const machines = members.map((name) => lab.machine(name))
  await Promise.all(machines.map(async (machine) => await machine.check(['systemctl', 'stop', 'etcd'])))
  await Promise.all(
    machines.map(async (machine) => await machine.check(['systemctl', 'start', '--no-block', 'etcd'])),
  )
  const [trust, certificate, own] = operatorFiles(lab)
  await writeFile(trust, certificatePem)
  await writeFile(certificate, await leaf(await tool(request(own, 'quorate-operator')), 'DNS:none'))
}

/** Writes into the existing file, which keeps its owner and mode. */
async function put(lab: TestLab, name: string, file: string, text: string): Promise<void> {
  await lab.machine(name).check(['sh', '-c', 'cat >"$1"', 'put', file], { stdin: text })
}

function request(key: string, name: string): [string, ...string[]] {
  return ['openssl', 'req', '-new', '-key', key, '-subj', `/CN=${path.basename(name)}`]
}
