/**
 * Errors of the local file system: Node.js reports them as plain errors. The operator can fix them, so they are not
 * bugs.
 */
import { QuorateError, type ErrorCode } from '../errors.ts'

type Trouble = readonly [code: ErrorCode, what: string, hint: string]

const TROUBLES: Readonly<Record<string, (file: string) => Trouble>> = {
  EACCES: notAllowed,
  EPERM: notAllowed,
  // Node.js also reports it for a new directory on a read-only file system.
  ENOENT: (file) => [
    'state',
    `${file} is missing, or can't be created`,
    'check that its parent directory exists and is writable',
  ],
  EROFS: (file) => ['state', `${file} is on a read-only file system`, 'use another directory, or remount it'],
  ENOSPC: noSpace,
  EDQUOT: noSpace,
  ENOTDIR: (file) => ['state', `a parent of ${file} is not a directory`, 'use another path'],
  EISDIR: (file) => ['state', `${file} is a directory, not a file`, 'use another path'],
  EEXIST: (file) => ['state', `${file} exists and is not a directory`, 'use another path'],
  ELOOP: (file) => ['state', `${file} is a symbolic link loop`, 'use another path'],
  ENAMETOOLONG: (file) => ['state', `${file} is too long for a path`, 'use a shorter path'],
  EIO: (file) => ['state', `I/O error at ${file}`, 'read the kernel log: dmesg'],
  EMFILE: () => ['state', 'quorate has too many open files', 'raise the limit: ulimit -n 4096'],
}

/** The error with a fix; undefined for other errors. */
export function systemTrouble(error: unknown): QuorateError | undefined {
  if (!(error instanceof Error) || !('code' in error) || !('syscall' in error)) return undefined
  const { code, syscall, path, dest } = error as NodeJS.ErrnoException & { dest?: string }
  const file = dest ?? path ?? 'the file'
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
    `run quorate as the owner of the file, or change its mode: ls -ld ${file}`,
  ]
}

function noSpace(file: string): Trouble {
  return ['state', `no space left for ${file}`, 'free space: df -h and quota show the use']
}
