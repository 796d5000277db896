/** flannel's backends and their options. https://github.com/flannel-io/flannel/blob/master/Documentation/backends.md */
import type { Complaint } from './problem.ts'

interface Range {
  readonly type: 'integer'
  readonly least: number
  readonly most: number
}
type Option = Range | { readonly type: 'boolean' } | { readonly type: 'string' }

const flag: Option = { type: 'boolean' }
const words: Option = { type: 'string' }
const port: Option = { type: 'integer', least: 1, most: 65_535 }
/** IPv4 needs at least 576 bytes (RFC 791). */
const mtu: Option = { type: 'integer', least: 576, most: 65_535 }

const BACKENDS: Readonly<Record<string, Readonly<Record<string, Option>>>> = {
  vxlan: {
    // 24 bits (RFC 7348); 0 would mean flannel's default, 1.
    VNI: { type: 'integer', least: 1, most: 16_777_215 },
    Port: port,
    MTU: mtu,
    GBP: flag,
    Learning: flag,
    DirectRouting: flag,
    MacPrefix: words,
  },
  'host-gw': {},
  wireguard: {
    ListenPort: port,
    ListenPortV6: port,
    MTU: mtu,
    PSK: words,
    PersistentKeepaliveInterval: { type: 'integer', least: 0, most: 65_535 },
    Mode: words,
  },
  udp: { Port: port },
  ipip: { DirectRouting: flag },
  ipsec: { UDPEncap: flag, ESPProposal: words, PSK: words },
  alloc: {},
  extension: {
    PreStartupCommand: words,
    PostStartupCommand: words,
    ShutdownCommand: words,
    SubnetAddCommand: words,
    SubnetRemoveCommand: words,
  },
  'ali-vpc': { AccessKeyID: words, AccessKeySecret: words },
  'aws-vpc': { RouteTableID: words },
  gce: {},
  'tencent-vpc': { AccessKeyID: words, AccessKeySecret: words },
}

/** The backend's type as flannel reads it. */
export function backendType(backend: unknown): string {
  if (!isObject(backend)) return 'udp'
  const type = find(backend, 'Type')
  return typeof type === 'string' ? type.toLowerCase() : ''
}

export function checkBackend(backend: unknown, complain: Complaint): void {
  if (backend === undefined) {
    complain(
      'warning',
      'Backend',
      "is missing: flannel would use udp, its slow debugging backend; write {Type: 'vxlan'}",
    )
    return
  }
  if (!isObject(backend)) {
    complain('error', 'Backend', `is ${JSON.stringify(backend)}: flannel requires an object with a Type`)
    return
  }
  const type = backendType(backend)
  if (type === '') {
    complain('error', 'Backend.Type', 'is missing: vxlan is the usual one')
    return
  }
  const options = Object.hasOwn(BACKENDS, type) ? BACKENDS[type] : undefined
  if (options === undefined) {
    const known = Object.keys(BACKENDS).join(', ')
    complain('warning', 'Backend.Type', `is ${type}, which quorate doesn't know; known: ${known}`)
    return
  }
  for (const [key, value] of Object.entries(backend)) {
    if (key.toLowerCase() === 'type') continue
    const [name, option] =
      Object.entries(options).find(([known]) => known.toLowerCase() === key.toLowerCase()) ?? []
    if (name === undefined || option === undefined) {
      const known = Object.keys(options).join(', ') || 'none'
      complain(
        'warning',
        `Backend.${key}`,
        `is not an option of ${type} (known: ${known}): flannel ignores it`,
      )
    } else checkOption(name, value, option, complain)
  }
}

function checkOption(name: string, value: unknown, option: Option, complain: Complaint): void {
  if (option.type === 'integer') {
    const fits = Number.isInteger(value) && Number(value) >= option.least && Number(value) <= option.most
    if (!fits) {
      const range = `an integer from ${option.least} to ${option.most}, without quotes`
      complain('error', `Backend.${name}`, `is ${JSON.stringify(value)}: it must be ${range}`)
    }
  } else if (typeof value !== option.type) {
    const wanted = option.type === 'boolean' ? 'true or false, without quotes' : 'a text'
    complain('error', `Backend.${name}`, `is ${JSON.stringify(value)}: it must be ${wanted}`)
  }
}

function find(object: Readonly<Record<string, unknown>>, key: string): unknown {
  return Object.entries(object).findLast(([each]) => each.toLowerCase() === key.toLowerCase())?.[1]
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
