/** Settings of one member as flags, variables and YAML: pieces of layouts. */
import { type ForeignMember, initialCluster } from './foreign.ts'

export function urls(member: ForeignMember, scheme: 'http' | 'https', more: string): Record<string, string> {
  const own = `${scheme}://${member.address}`
  return {
    'initial-advertise-peer-urls': `${own}:2380`,
    'listen-peer-urls': `${own}:2380`,
    'listen-client-urls': `${own}:2379${more}`,
    'advertise-client-urls': `${own}:2379`,
    'initial-cluster': initialCluster(member, scheme),
  }
}

export function flags(settings: Readonly<Record<string, string>>): string {
  return Object.entries(settings)
    .map(([flag, value]) => `  --${flag}=${value}`)
    .join(' \\\n')
}

export function environment(settings: Readonly<Record<string, string>>): Record<string, string> {
  const entries = Object.entries(settings)
  return Object.fromEntries(
    entries.map(([flag, value]) => [`ETCD_${flag.toUpperCase().replaceAll('-', '_')}`, value]),
  )
}

export function quoted(settings: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(settings).map(([flag, value]) => [flag, `"${value}"`]))
}

export function yaml(settings: Readonly<Record<string, string>>): string {
  return Object.entries(settings)
    .map(([key, value]) => `${key}: ${value}\n`)
    .join('\n')
}

/** `stem.crt` and `stem.key`, or `stem.pem` and `stem-key.pem`, like the CA's file. */
export function transport(whose: 'client' | 'peer', stem: string, ca: string | undefined): string {
  const [certificate, key] = stem.startsWith('/')
    ? [`${stem}.crt`, `${stem}.key`]
    : [`${stem}.pem`, `${stem}-key.pem`]
  const trusted = ca === undefined ? '' : `  trusted-ca-file: "${ca}"\n  client-cert-auth: true\n`
  return `\n${whose}-transport-security:\n  cert-file: "${certificate}"\n  key-file: "${key}"\n${trusted}`
}
