/**
 * What this computer's file system refuses: Node reports it as a plain error, but the operator can mend it, so it is
 * no bug of quorate's.
 */
import { QuorateError, type ErrorCode } from '../errors.ts'

type Trouble = readonly [code: ErrorCode, what: string, hint: string]

const TROUBLES: Readonly<Record<string, (file: string) => Trouble>> = {
  EACCES: notAllowed,
  EPERM: notAllowed,
  // Node says so as well where a folder was to be made on a read-only file system.
  ENOENT: (file) => [
    'state',
    `${file} is not there, or can't be made`,
    'is there the folder above it, and can it be written to?',
  ],
  EROFS: (file) => ['state', `${file} lies on a read-only file system`, 'use another folder, or remount it'],
  ENOSPC: noSpace,
  EDQUOT: noSpace,
  ENOTDIR: (file) => ['state', `${file} would lie below something that is no folder`, 'use another path'],
  EISDIR: (file) => ['state', `${file} is a folder, where a file is wanted`, 'use another path'],
  EEXIST: (file) => ['state', `${file} is there already, and is no folder`, 'use another path'],
  ELOOP: (file) => ['state', `${file} is a link that leads back to itself`, 'use another path'],
  ENAMETOOLONG: (file) => ['state', `${file} is too long for a path`, 'use a shorter one'],
  EIO: (file) => ['state', `the disk fails at ${file}`, 'look at the kernel’s log: dmesg'],
  EMFILE: () => ['state', 'this computer lets quorate open no more files', 'raise the limit: ulimit -n 4096'],
}

/** The error as one that says what to do; undefined for what is not the file system's doing. */
export function systemTrouble(error: unknown): QuorateError | undefined {
  if (!(error instanceof Error) || !('code' in error) || !('syscall' in error)) return undefined
  const { code, syscall, path, dest } = error as NodeJS.ErrnoException & { dest?: string }
  const file = dest ?? path ?? 'what was to be written'
  if (code === 'EEXIST' && syscall !== 'mkdir') return undefined
  if (code === 'ENOENT' && (path === undefined || !['mkdir', 'open'].includes(String(syscall))))
    return undefined
  const trouble = TROUBLES[String(code)]?.(file)
  if (trouble === undefined) return undefined
  const [kind, what, hint] = trouble
  return new QuorateError(kind, `${what} (${code}, ${syscall})`, { hint, cause: error })
}

function notAllowed(file: string): Trouble {
  return [
    'permission',
    `no permission for ${file}`,
    `run quorate as the user whom it belongs to, or give yourself the rights: ls -ld ${file}`,
  ]
}

function noSpace(file: string): Trouble {
  return ['state', `no space left for ${file}`, 'see what is full: df -h; or your quota: quota']
}
