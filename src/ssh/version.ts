/** Features of the workstation's OpenSSH client that differ between versions. */
import { runProcess } from './process.ts'

/**
 * Whether ssh knows StdinNull, ForkAfterAuthentication and SessionType: OpenSSH 8.7's release notes name them
 * as new. An older ssh refuses a configuration that sets them, whatever the value.
 */
export async function knowsSessionOptions(signal?: AbortSignal): Promise<boolean> {
  try {
    const { stderr } = await runProcess('ssh', ['-V'], { detached: true, signal })
    return isFrom(stderr, 8, 7)
  } catch (error) {
    // A missing ssh is reported when a connection needs it.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}

/**
 * @param words the output of `ssh -V`: `OpenSSH_9.2p1 Debian-2, OpenSSL 3.0.19`. Anything else counts as an older
 *   version.
 */
export function isFrom(words: string, major: number, minor: number): boolean {
  const [, first, second] = /^OpenSSH_(?:for_Windows_)?(\d+)\.(\d+)/.exec(words) ?? []
  if (first === undefined || second === undefined) return false
  return Number(first) > major || (Number(first) === major && Number(second) >= minor)
}
