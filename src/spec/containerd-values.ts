/**
 * The rules for versions in the cluster file's `kubernetes.containerd`: each returns what is wrong with a text, or
 * undefined.
 */
import { KUBERNETES_DEFAULTS } from './defaults.ts'
import type { Complaint } from './problem.ts'

const EXACT = /^(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})$/

/** `1.5.3`. It becomes part of a path and of a URL. */
export function checkExactVersion(text: string): Complaint | undefined {
  if (EXACT.test(text)) return undefined
  const bare = text.replace(/^v/i, '')
  return {
    message: `${JSON.stringify(text.slice(0, 40))} is not an exact version`,
    hint: EXACT.test(bare) ? `write "${bare}"` : 'write three numbers, like "1.5.3"',
  }
}

/** The configuration that quorate writes needs 1.7 or newer. */
export function checkContainerdVersion(text: string): Complaint | undefined {
  const complaint = checkExactVersion(text)
  if (complaint !== undefined) return complaint
  const [major = 0, minor = 0] = text.split('.').map(Number)
  if (major > 1 || (major === 1 && minor >= 7)) return undefined
  return {
    message: `containerd ${text} is not supported: quorate configures 1.7 and newer`,
    hint: `write a newer one, like "${KUBERNETES_DEFAULTS.containerd.version}"`,
  }
}
