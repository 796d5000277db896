/** The addresses that a certificate carries already. */
import { X509Certificate } from 'node:crypto'
import { canonicalIp } from './names.ts'

/** IP addresses among its alternative names, in their one spelling; none of a text that is no certificate. */
export function carriedAddresses(pem: string): readonly string[] {
  let names: string | undefined
  try {
    names = new X509Certificate(pem).subjectAltName
  } catch {
    return []
  }
  const ips = [...(names ?? '').matchAll(/IP Address:([^,\s]+)/g)].map(([, ip = '']) => canonicalIp(ip))
  return ips.filter((ip) => ip !== undefined)
}
