/** OpenSSH's signatures (SSHSIG). ssh-keygen makes and checks them, so that the same commands check them by hand. */
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { QuorateError } from '../errors.ts'
import { runProcess } from '../ssh/process.ts'

/** The purpose of the signatures: a signature for another purpose never counts (ssh-keygen's `-n`). */
export const NAMESPACE = 'quorate-backup'

/** A signature of an RSA key of 16,384 bits has about 4 KiB. */
const MAX_SIGNATURE_BYTES = 16 * 1024

const ARMOR = /^-----BEGIN SSH SIGNATURE-----\n[A-Za-z0-9+/=\n]+-----END SSH SIGNATURE-----\n?$/

export interface Signer {
  /** As in the allowed signers file: `operator@prod`, `node-service01@prod`. */
  readonly principal: string
  /** Signs a text. @returns the armored signature @throws QuorateError `state` if ssh-keygen or the key can't be used */
  readonly sign: (text: string, signal?: AbortSignal) => Promise<string>
}

export interface SignatureCheck {
  readonly text: string
  /** Armored. */
  readonly signature: string
  readonly principal: string
  /** When it was made, according to the signer: keys are allowed for a time. */
  readonly at: Date
  /** Text of an allowed signers file (ssh-keygen(1)). */
  readonly allowed: string
  /** Absolute path of a private directory for temporary files that ssh-keygen reads. */
  readonly folder: string
  readonly signal?: AbortSignal | undefined
}

export type SignatureOutcome =
  | { readonly kind: 'good'; readonly fingerprint: string }
  /** The text was signed by this key, which was not allowed for this principal at that time. */
  | { readonly kind: 'unknown'; readonly fingerprint: string }
  /** It isn't a signature of this text. */
  | { readonly kind: 'bad' }

/** @param keyFile absolute path of a private key (mode 600) without a passphrase */
export function signerWith(keyFile: string, principal: string): Signer {
  const sign = async (text: string, signal?: AbortSignal) => {
    const args = ['-q', '-Y', 'sign', '-n', NAMESPACE, '-f', keyFile]
    const { stdout, stderr, exitCode } = await sshKeygen(args, { stdin: text, signal })
    if (exitCode === 0 && ARMOR.test(stdout)) return stdout
    throw new QuorateError('state', `ssh-keygen can't sign with ${keyFile}: ${lastLine(stderr)}`, {
      hint: 'check that the key has mode 600 and no passphrase, and that OpenSSH is 8.1 or newer: ssh -V',
    })
  }
  return { principal, sign }
}

export async function checkSignature(check: SignatureCheck): Promise<SignatureOutcome> {
  const { signature } = check
  if (signature.length > MAX_SIGNATURE_BYTES || !ARMOR.test(signature)) return { kind: 'bad' }
  // Several checks may run at once.
  const folder = await mkdtemp(path.join(check.folder, 'check-'))
  try {
    return await checkIn({ ...check, folder })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function checkIn(check: SignatureCheck): Promise<SignatureOutcome> {
  const { text, signature, principal, at, allowed, folder, signal } = check
  const files = { allowed: path.join(folder, 'allowed_signers'), signature: path.join(folder, 'signature') }
  await writeFile(files.allowed, allowed, { mode: 0o600 })
  await writeFile(files.signature, signature, { mode: 0o600 })
  const about = ['-n', NAMESPACE, '-s', files.signature]
  const who = ['-f', files.allowed, '-I', principal, `-Overify-time=${sshTime(at)}`]
  const verified = await sshKeygen(['-Y', 'verify', ...about, ...who], { stdin: text, signal })
  const fingerprint = fingerprintIn(verified.stdout)
  if (verified.exitCode === 0 && fingerprint !== undefined) return { kind: 'good', fingerprint }
  await requireTimes(signal)
  const made = await sshKeygen(['-Y', 'check-novalidate', ...about], { stdin: text, signal })
  const by = fingerprintIn(made.stdout)
  return made.exitCode === 0 && by !== undefined ? { kind: 'unknown', fingerprint: by } : { kind: 'bad' }
}

/** OpenSSH before 8.8 doesn't support validity times of keys, and refuses lines that have one. */
async function requireTimes(signal: AbortSignal | undefined): Promise<void> {
  const { stderr } = await runProcess('ssh', ['-V'], { signal, detached: true })
  const [, major, minor] = /^OpenSSH_(\d+)\.(\d+)/.exec(stderr) ?? []
  if (major === undefined || Number(major) * 100 + Number(minor) >= 808) return
  throw new QuorateError(
    'state',
    `OpenSSH ${major}.${minor} on this workstation can't verify the signature of a backup`,
    {
      hint: 'use a computer with OpenSSH 8.8 or newer',
    },
  )
}

/**
 * Creates a new key (Ed25519, no passphrase) in a file of mode 600. @param file absolute path in a private directory;
 * must not exist
 */
export async function makeKey(file: string, comment: string, signal?: AbortSignal): Promise<void> {
  const args = ['-q', '-t', 'ed25519', '-N', '', '-C', comment, '-f', file]
  const { stderr, exitCode } = await sshKeygen(args, { signal })
  if (exitCode !== 0)
    throw new QuorateError('state', `ssh-keygen can't make a key in ${file}: ${lastLine(stderr)}`)
  await chmod(file, 0o600)
}

/** `ssh-ed25519 AAAA…` @throws QuorateError `state` if the private key can't be read without a passphrase */
export async function publicKeyOf(file: string, signal?: AbortSignal): Promise<string> {
  const { stdout, stderr, exitCode } = await sshKeygen(['-y', '-f', file], { signal })
  const [type, key] = stdout.trim().split(' ')
  if (exitCode === 0 && type !== undefined && key !== undefined) return `${type} ${key}`
  throw new QuorateError('state', `the signing key ${file} can't be read: ${lastLine(stderr)}`, {
    id: 'key-needs-a-passphrase',
    hint: 'use a private key of OpenSSH, mode 600, without a passphrase: backups are signed without asking for one',
  })
}

/** In UTC, which `sshKeygen` sets as the time zone: releases before 9.1 don't support the suffix for it. */
export function sshTime(time: Date): string {
  return time.toISOString().replaceAll(/[-:T]|\..*$/g, '')
}

function fingerprintIn(said: string): string | undefined {
  return /^Good .* key (?<fingerprint>SHA256:[A-Za-z0-9+/]+)\s*$/m.exec(said)?.groups?.['fingerprint']
}

async function sshKeygen(
  args: readonly string[],
  { stdin, signal }: { readonly stdin?: string; readonly signal?: AbortSignal | undefined },
) {
  // No agent and no terminal: a key with a passphrase is refused at once.
  const env = { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' }
  try {
    return await runProcess('ssh-keygen', args, { stdin: stdin ?? '', env, signal, detached: true })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    throw new QuorateError(
      'state',
      'ssh-keygen is not installed on this workstation: quorate signs backups with it',
      {
        hint: 'install OpenSSH: apt-get install openssh-client',
        cause: error,
      },
    )
  }
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? ''
}
