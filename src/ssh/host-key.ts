/** One host key, as in a line of a known_hosts file, see sshd(8). */
import { createHash } from 'node:crypto'

export interface HostKeyLine {
  /** The name of the key: a host name, an address, or `[host]:port`. */
  readonly name: string
  /** `ssh-ed25519`, `ecdsa-sha2-nistp256`, `ssh-rsa` … */
  readonly keyType: string
  /** The key in base64. */
  readonly key: string
  /** `@cert-authority` or `@revoked`, if the line has one. */
  readonly marker: string | undefined
}

/** The keys of a known_hosts file's text; comments and invalid lines are left out. */
export function parseKnownHosts(text: string): HostKeyLine[] {
  return text.split('\n').flatMap((line) => {
    const words = line.trim().split(/\s+/)
    const marker = words[0]?.startsWith('@') ? words.shift() : undefined
    const [name, keyType, key] = words
    if (name === undefined || name.startsWith('#') || keyType === undefined || key === undefined) return []
    return [{ name, keyType, key, marker }]
  })
}

/** As `ssh-keygen -l` prints it: `SHA256:` and the digest in base64 without padding. */
export function fingerprint(key: string): string {
  return `SHA256:${createHash('sha256').update(Buffer.from(key, 'base64')).digest('base64').replace(/=+$/, '')}`
}
