/**
 * How a real etcd reads its settings: it logs them before it touches its data directory, which can't be created here.
 */
import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Sample } from './etcd-samples.ts'

/** A directory that doesn't exist and can't be created. */
const NOWHERE = '/proc/quorate/data'

/** It listens on sockets in its working directory. */
const BASE: Readonly<Record<string, string>> = {
  'data-dir': NOWHERE,
  'listen-client-urls': 'unix://localhost:1',
  'advertise-client-urls': 'unix://localhost:1',
  'listen-peer-urls': 'unix://localhost:2',
}

export interface Outcome {
  /** The values that it logs when it starts, by name; undefined: it refuses to start. */
  readonly logged: Readonly<Record<string, unknown>> | undefined
  /** Its complete output. */
  readonly log: string
}

/** @param zap whether it logs JSON only on request */
export async function logOfEtcd(
  etcd: string,
  folder: string,
  sample: Sample,
  zap: boolean,
): Promise<Outcome> {
  const words = [...sample.words]
  if (sample.file !== undefined) {
    const file = path.join(folder, 'etcd.yaml')
    const base = [
      ...Object.entries(BASE),
      ...(zap
        ? [
            ['logger', 'zap'],
            ['log-outputs', '[stderr]'],
          ]
        : []),
    ]
    await writeFile(file, base.map(([key, value]) => `${key}: ${value}\n`).join('') + sample.file)
    words.unshift(`--config-file=${file}`)
  } else {
    const own = Object.entries({ ...BASE, ...(zap ? { logger: 'zap', 'log-outputs': 'stderr' } : {}) })
    words.unshift(...own.map(([flag, value]) => `--${flag}=${value}`))
  }
  const log = await new Promise<string>((resolve) => {
    const env = { ETCD_UNSUPPORTED_ARCH: 'arm64', ...sample.environment }
    execFile(etcd, words, { cwd: folder, env, timeout: 20_000 }, (_error, stdout, stderr) =>
      resolve(stdout + stderr),
    )
  })
  // 3.3 does not log its settings: the test only sees whether it starts.
  if (log.includes('etcdmain: cannot access data directory')) return { logged: {}, log }
  const line = log.split('\n').find((one) => /"msg":"starting (an )?etcd server"/.test(one))
  return { logged: line === undefined ? undefined : (JSON.parse(line) as Record<string, unknown>), log }
}
