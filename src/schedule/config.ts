/** The configuration of a run on the schedule's node. It holds no secret: those are in separate files next to it. */
import * as z from 'zod'
import { QuorateError } from '../errors.ts'
import type { StoreLocation } from '../spec/backup.ts'

const count = z.int().min(0)

const scheduleConfig = z.object({
  format: z.literal(1),
  cluster: z.string(),
  /** The node that it is for. */
  node: z.string(),
  members: z.array(z.object({ name: z.string(), address: z.string(), port: z.int() })).min(1),
  /** Connect to members over http, because the cluster file says so. */
  plaintext: z.boolean(),
  store: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('directory'), path: z.string() }),
    z.object({
      kind: z.literal('s3'),
      bucket: z.string(),
      prefix: z.string(),
      endpoint: z.string().optional(),
      region: z.string(),
      ca: z.string().optional(),
      pathStyle: z.boolean(),
      credentials: z.string().optional(),
      lockDays: z.number().optional(),
    }),
  ]),
  /** age's public keys. */
  recipients: z.array(z.string()).min(1),
  every: z.string(),
  /** etcd's version, and which of its tools is next to this file. */
  etcdVersion: z.string(),
  tool: z.enum(['etcdutl', 'etcdctl']),
  /** The directory from which node_exporter reads metrics. */
  exporter: z.string(),
  keep: z.object({ hourly: count, daily: count, weekly: count, monthly: count }),
  /** Identifies the recipients and the CA of the sealed key next to this file; missing: bundles get no CA key. */
  caKeyMark: z.string().optional(),
  /** The same for Kubernetes' CAs and keys. */
  kubernetesKeysMark: z.string().optional(),
})
export type ScheduleConfig = z.infer<typeof scheduleConfig>

export function renderConfig(config: ScheduleConfig): string {
  return `${JSON.stringify(config, null, 2)}\n`
}

/** @throws QuorateError `state` for a text that this version can't read */
export function parseConfig(text: string, where: string): ScheduleConfig {
  try {
    return scheduleConfig.parse(JSON.parse(text))
  } catch (error) {
    throw QuorateError.from(error, 'state', `${where} is not as this version of quorate writes it`, {
      hint: 'write it again, on your workstation: quorate backup schedule',
    })
  }
}

/** The part of a configuration that its removal needs, whichever version wrote it; empty if it can't be read. */
const outline = z.object({
  cluster: z.string().optional(),
  exporter: z.string().optional(),
  store: z.object({ path: z.string().optional() }).optional(),
})
export type ConfigOutline = z.infer<typeof outline>

export function outlineOf(text: string): ConfigOutline {
  try {
    return outline.parse(JSON.parse(text))
  } catch {
    // Truncated, or edited by hand: it belongs to no cluster any more, and may be overwritten.
    return {}
  }
}

/** In the form that the code for backup locations takes. */
export function storeOf({ store }: Pick<ScheduleConfig, 'store'>): StoreLocation {
  if (store.kind === 'directory') return store
  const { endpoint, ca, credentials, lockDays, ...rest } = store
  return { ...rest, endpoint, ca, credentials, lockDays }
}
