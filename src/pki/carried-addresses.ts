/** The addresses in an existing certificate. */
import { X509Certificate } from 'node:crypto'
import { canonicalIp } from './names.ts'

/** The IP addresses among its alternative names, in normalized form; none if the text isn't a certificate. */
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
