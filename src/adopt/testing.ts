/** Members of clusters that other tools set up, for tests: real certificates, everything else as given. */
import * as x509 from '../pki/x509.ts'
import type { MemberFiles, SeenCertificate } from './files.ts'
import type { Member } from './member.ts'

const NOW = new Date('2026-06-01T00:00:00Z')

export interface Authority {
  readonly pem: string
  issue(
    names: { readonly dns: readonly string[]; readonly ips: readonly string[] },
    days?: number,
  ): Promise<string>
}

export async function testAuthority(commonName = 'etcd-ca'): Promise<Authority> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }
  const signing = { name: 'ECDSA', hash: 'SHA-256' }
  const own = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const time = { notBefore: NOW, notAfter: later(4000) }
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${commonName}`,
    keys: own,
    signingAlgorithm: signing,
    ...time,
    extensions: [new x509.BasicConstraintsExtension(true)],
  })
  return {
    pem: `${root.toString('pem')}\n`,
    issue: async ({ dns, ips }, days = 365) => {
      const { publicKey } = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
      const names: x509.JsonGeneralNames = [
        ...dns.map((value) => ({ type: 'dns' as const, value })),
        ...ips.map((value) => ({ type: 'ip' as const, value })),
      ]
      const leaf = await x509.X509CertificateGenerator.create({
        subject: 'CN=member',
        issuer: root.subject,
        publicKey,
        signingKey: own.privateKey,
        signingAlgorithm: signing,
        ...time,
        notAfter: later(days),
        extensions: [new x509.SubjectAlternativeNameExtension(names)],
      })
      return `${leaf.toString('pem')}\n`
    },
  }
}

function later(days: number): Date {
  return new Date(NOW.getTime() + days * 86_400_000)
}

export function seen(path: string, pem: string): SeenCertificate {
  return { path, owner: 'etcd', group: 'etcd', mode: '644', pem }
}

export interface MemberWish {
  readonly name: string
  readonly address: string
  readonly settings?: Readonly<Record<string, string>>
  readonly files?: Partial<MemberFiles>
  readonly process?: Partial<Member['process']>
  readonly facts?: Partial<Member['facts']>
  readonly listed?: Partial<Member['listed']>
  readonly version?: string
  /** The CA's key next to its certificate. */
  readonly certificate: string
  readonly ca: string
}

/** A member without obstacles, except those in `wish`. */
export function member(wish: MemberWish): Member {
  const { name, address, certificate, ca } = wish
  const own = seen('/etc/pki/member.crt', certificate)
  const trusted = seen('/etc/pki/ca.crt', ca)
  const folder = { owner: 'etcd', group: 'etcd', mode: '700' }
  return {
    name,
    destination: { host: address, user: undefined },
    facts: {
      pin: undefined,
      ground: undefined,
      manifest: undefined,
      processes: [],
      machine: address,
      services: [],
      strangers: [],
      ...wish.facts,
    },
    process: {
      pid: 7,
      user: 'etcd',
      executable: '/usr/local/bin/etcd',
      command: ['/usr/local/bin/etcd'],
      environment: {},
      directory: '/',
      configuration: undefined,
      container: false,
      unit: {
        name: 'etcd.service',
        path: '/etc/systemd/system/etcd.service',
        text: '',
        enabled: true,
        dropIns: [],
      },
      ...wish.process,
    },
    settings: {
      name,
      'data-dir': '/var/lib/etcd',
      'listen-client-urls': `https://${address}:2379,https://127.0.0.1:2379`,
      'listen-peer-urls': `https://${address}:2380`,
      'advertise-client-urls': `https://${address}:2379`,
      'cert-file': own.path,
      'key-file': '/etc/pki/member.key',
      'trusted-ca-file': trusted.path,
      'client-cert-auth': 'true',
      'peer-cert-file': own.path,
      'peer-key-file': '/etc/pki/member.key',
      'peer-trusted-ca-file': trusted.path,
      'peer-client-cert-auth': 'true',
      ...wish.settings,
    },
    files: {
      dataDirectory: { path: '/var/lib/etcd', ...folder },
      walDirectory: { path: '/var/lib/etcd/member/wal', ...folder },
      member: { path: '/var/lib/etcd/member', ...folder },
      server: own,
      peer: own,
      clientCa: trusted,
      peerCa: trusted,
      caKeys: [],
      ...wish.files,
    },
    listed: {
      id: BigInt(address.replaceAll('.', '')),
      name,
      peerUrls: [`https://${address}:2380`],
      clientUrls: [`https://${address}:2379`],
      learner: false,
      ...wish.listed,
    },
    version: wish.version ?? '3.5.16',
  }
}

export type Rest = Omit<MemberWish, 'name' | 'address' | 'certificate' | 'ca'>

/** Three members of one CA, each with a certificate for its own names and address; the second may differ. */
export async function threeMembers(ca: Authority, odd: Rest = {}): Promise<readonly Member[]> {
  return await Promise.all(
    [1, 2, 3].map(async (number) => {
      const [name, address] = [`etcd${number}`, `10.0.0.${number}`]
      const certificate = await ca.issue({ dns: [name], ips: [address, '127.0.0.1'] })
      return member({ name, address, certificate, ca: ca.pem, ...(number === 2 ? odd : {}) })
    }),
  )
}
