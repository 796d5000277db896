/** Errors of requests to an API server: distinguished by codes (never by wording), and explained to operators. */
import * as z from 'zod'
import type { IdOf } from '../error-ids.ts'
import { QuorateError } from '../errors.ts'
import { failureKind } from '../etcd/failure.ts'
import { oneLine } from '../spec/visible.ts'

/**
 * A refusal by the API: HTTP status, and the machine-readable reason of its `Status`. It is the cause of a
 * QuorateError.
 */
export class ApiRefusal extends Error {
  override readonly name = 'ApiRefusal'
  /** HTTP status code. */
  readonly status: number
  /** `NotFound`, `AlreadyExists`, `Conflict`, `Forbidden` …; undefined: the answer was not a `Status`. */
  readonly reason: string | undefined

  constructor(status: number, reason: string | undefined, message: string) {
    super(message)
    this.status = status
    this.reason = reason
  }
}

/** The target of a request, for messages. */
export interface Asked {
  /** The node, or `load balancer`. */
  readonly name: string
  /** `192.168.0.21 through SSH`, `service01:6443`. */
  readonly where: string
  /** `get Node worker01`. */
  readonly what: string
  readonly timeoutMs: number
}

// https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/
const STATUS = z.looseObject({
  kind: z.literal('Status'),
  message: z.string().catch(''),
  reason: z.string().optional().catch(undefined),
})

/** Messages quote at most this much of an answer, in UTF-16 units. */
const MOST_SAID = 600

/** Parses a refusal by the API. */
export function refusal(status: number, body: string): ApiRefusal {
  const parsed = STATUS.safeParse(jsonOrUndefined(body))
  if (!parsed.success) return new ApiRefusal(status, undefined, oneLine(body, MOST_SAID))
  const { reason, message } = parsed.data
  return new ApiRefusal(
    status,
    reason === undefined ? undefined : oneLine(reason, 100),
    oneLine(message, MOST_SAID),
  )
}

/** The refusal behind an error of a client; undefined: the cause is something else, such as a lost connection. */
export function refusalOf(thrown: unknown): ApiRefusal | undefined {
  for (let error = thrown, depth = 0; error instanceof Error && depth < 10; error = error.cause, depth++)
    if (error instanceof ApiRefusal) return error
  return undefined
}

export function isNotFound(thrown: unknown): boolean {
  return refusalOf(thrown)?.status === 404
}

/** Another manager owns a field that was applied without force, or the object changed in between. */
export function isConflict(thrown: unknown): boolean {
  const found = refusalOf(thrown)
  return found?.status === 409 && found.reason !== 'AlreadyExists'
}

/** The API server rejects the client certificate, or its user lacks the permission. */
export function isForbidden(thrown: unknown): boolean {
  const status = refusalOf(thrown)?.status
  return status === 401 || status === 403
}

/**
 * Whether the same request may succeed later by itself: the server starts or stops, is overloaded, or has lost etcd. A
 * lack of permission doesn't count, although a server that just started may refuse for a moment what it will allow.
 */
export function mayPass(thrown: unknown): boolean {
  if (!(thrown instanceof QuorateError) || thrown.code !== 'kubernetes') return false
  const found = refusalOf(thrown)
  if (found !== undefined) return found.status === 429 || found.status >= 500
  return ['refused', 'unreachable', 'closed', 'deadline'].includes(failureKind(thrown))
}

/** Converts whatever a request threw to a QuorateError with a fix for the operator. */
export function apiError(thrown: unknown, asked: Asked): QuorateError {
  const { message, hint, id } = explained(thrown, asked)
  return new QuorateError('kubernetes', message, { host: asked.name, hint, id, cause: thrown })
}

interface Explanation {
  readonly message: string
  readonly hint: string
  readonly id?: IdOf<'kubernetes'>
}

function explained(thrown: unknown, asked: Asked): Explanation {
  const found = refusalOf(thrown)
  if (found !== undefined) return explainedRefusal(found, asked)
  const { where, what, timeoutMs } = asked
  const logs =
    'see on that master why the API server is not running: journalctl -u kubelet -n 50; its own log: tail /var/log/pods/kube-system_kube-apiserver-*/*/*.log'
  const said = oneLine(deepest(thrown), MOST_SAID)
  switch (failureKind(thrown)) {
    case 'refused':
    case 'closed':
      return {
        id: 'no-api-server-there',
        message: `nothing answers as an API server on ${where} (${what})`,
        hint: logs,
      }
    case 'unreachable':
      return {
        id: 'node-is-unreachable',
        message: `${where} can't be reached: ${said}`,
        hint: 'check the address and the route to it',
      }
    case 'deadline':
      return {
        id: 'api-server-gives-no-answer',
        message: `the API server on ${where} gave no answer within ${timeoutMs / 1000} s (${what})`,
        hint: 'without etcd it answers nothing: quorate status shows etcd and every API server',
      }
    case 'not-tls':
      return {
        message: `what listens on ${where} does not speak TLS`,
        hint: 'another program has the port of the API server',
      }
    case 'expired':
    case 'not-yet-valid':
      return {
        message: `the API server's certificate on ${where} is out of date: ${said}`,
        hint: 'renew it: quorate apply; also compare the clocks: quorate preflight',
      }
    case 'unknown-authority':
      return {
        id: 'api-server-of-another-ca',
        message: `the API server's certificate on ${where} is not from this cluster's Kubernetes CA`,
        hint: "compare /etc/kubernetes/pki/ca.crt on that node with the CA in quorate's state directory: it is another cluster, or its CA was changed by hand",
      }
    case 'wrong-identity':
      return {
        id: 'api-server-of-another-name',
        message: `the API server's certificate on ${where} is for another name: ${said}`,
        hint: 'check the address (another machine may have answered), or renew the certificate: quorate apply',
      }
    default:
      return { message: `${what} failed on ${where}: ${said}`, hint: logs }
  }
}

function explainedRefusal(found: ApiRefusal, { where, what }: Asked): { message: string; hint: string } {
  const code = `${found.status}${found.reason === undefined ? '' : ` ${found.reason}`}`
  const message = `the API server on ${where} refused to ${what}: ${code}: ${found.message || 'without a reason'}`
  return { message, hint: hintFor(found) }
}

function hintFor({ status, reason }: ApiRefusal): string {
  if (status === 401)
    return "renew quorate's own certificate: quorate apply (it has expired, or is from another CA)"
  if (status === 403)
    return 'the ClusterRoleBinding quorate:operators gives quorate its rights: quorate apply makes it again'
  if (status === 404) return 'rerun the command: the object does not exist (any more)'
  if (status === 409 && reason === 'AlreadyExists') return 'it was made in between: run the command again'
  if (status === 409) return 'change or remove the field with the other manager, which the message names'
  if (status === 429)
    return 'the API server has too much to do, or a PodDisruptionBudget forbids it: try again later'
  if (status >= 500)
    return 'it starts, stops, or has lost etcd: quorate status shows etcd and every API server'
  return 'the cluster file may ask for something that this version of Kubernetes does not know'
}

function deepest(thrown: unknown): string {
  let error = thrown
  for (let depth = 0; depth < 10 && error instanceof Error && error.cause instanceof Error; depth++)
    error = error.cause
  return error instanceof Error ? error.message : String(error)
}

function jsonOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
