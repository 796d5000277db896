/** Converts the answers to `quorate init` to the content of a cluster file, and checks them. */
import { QuorateError } from '../errors.ts'
import { ROLES } from './cluster.ts'
import { KUBERNETES_DEFAULTS } from './defaults.ts'
import {
  type AnswerKey,
  type Answers,
  QUESTIONS,
  type Question,
  readNodes,
  withKubernetes,
} from './init-questions.ts'
import { type ExtraCheck, contentFaults } from './parse.ts'
import type { ClusterFile } from './schema.ts'

export interface CheckOptions {
  /** Checks from other modules, as for a file that is loaded. */
  readonly extraChecks?: readonly ExtraCheck[]
}

/**
 * The content of the file that the answers describe. Keys without an answer keep their defaults.
 *
 * @throws QuorateError 'usage' naming the flag of each answer that is missing or invalid.
 */
export function clusterFileFrom(given: Answers, options: CheckOptions = {}): ClusterFile {
  return contentOf(complete(given, options))
}

/**
 * What is wrong with an answer, by itself or together with earlier ones, on one line; undefined: nothing.
 *
 * @param before the earlier answers; defaults apply to everything else.
 */
export function checkAnswer(
  question: Question,
  answer: string,
  before: Answers,
  options: CheckOptions = {},
): string | undefined {
  const own = question.validate(answer)
  if (own === undefined && answer === '' && question.requiredForKubernetes && withKubernetes(before))
    return 'Kubernetes needs an answer to this question'
  if (own !== undefined || answer === '') return own
  const answers = { ...before, [question.key]: answer }
  // Before there are nodes, nothing can conflict.
  if (answers.etcd === undefined) return undefined
  const [fault] = contentFaults(contentOf(withDefaults(answers)), options.extraChecks)
  if (fault === undefined) return undefined
  return fault.hint === undefined ? fault.message : `${fault.message}; ${fault.hint}`
}

/** Placeholders for required answers that are not given yet. */
const UNANSWERED: Answers = { path: '/opt/etcd', kubernetesFolder: '/opt/kubernetes' }

function withDefaults(given: Answers): Answers {
  const answers = beginning(given)
  for (const { key, when, default: standard } of QUESTIONS) {
    const answer = given[key] ?? (when(answers) ? (standard(answers) ?? UNANSWERED[key]) : undefined)
    if (answer !== undefined) answers[key] = answer
  }
  return answers
}

/** The part that no question asks for. */
function beginning({ kubernetes }: Answers): Partial<Record<AnswerKey, string>> {
  return kubernetes === undefined ? {} : { kubernetes }
}

function contentOf(answers: Answers): ClusterFile {
  const { identityFile, user, network, loadBalancer } = answers
  const kubernetes = kubernetesFrom(answers)
  const managed = kubernetes !== undefined && (answers.service ?? '') !== ''
  const authority = authorityFrom(answers)
  const source = sourceFrom(answers)
  return {
    name: answers.name!,
    ssh: { ...(user === undefined ? {} : { user }), ...(identityFile === undefined ? {} : { identityFile }) },
    nodes: ROLES.flatMap((role) => readNodes(role, answers[role] ?? '')),
    ...(authority === 'local' ? {} : { pki: { authority } }),
    etcd: { version: answers.version!, ...(source === undefined ? {} : { source }) },
    ...(network === undefined ? {} : { network: { Network: network, Backend: { Type: 'vxlan' } } }),
    ...(loadBalancer === undefined
      ? {}
      : { loadBalancer: { url: loadBalancer, ...(managed ? { managed } : {}) } }),
    ...(kubernetes === undefined ? {} : { kubernetes }),
  }
}

function complete(given: Answers, options: CheckOptions): Answers {
  const answers = beginning(given)
  const wrong: string[] = []
  for (const asked of QUESTIONS) {
    const typed = given[asked.key]?.trim()
    if (!asked.when(answers)) {
      if (typed !== undefined && typed !== '') wrong.push(`${asked.flag} does not go with the other answers`)
      continue
    }
    const answer = typed === undefined || typed === '' ? asked.default(answers) : typed
    if (answer === undefined) {
      const required = asked.required || (asked.requiredForKubernetes && withKubernetes(answers))
      if (required) wrong.push(`${asked.flag} is missing: ${asked.text}`)
      continue
    }
    const complaint = checkAnswer(asked, answer, answers, options)
    if (complaint === undefined) answers[asked.key] = answer
    else wrong.push(`${asked.flag}: ${complaint}`)
  }
  if (wrong.length > 0) throw new QuorateError('usage', wrong.join('\n'))
  return answers
}

function authorityFrom(answers: Answers): NonNullable<NonNullable<ClusterFile['pki']>['authority']> {
  const certificate = answers.caCertificate ?? ''
  if (answers.authority === 'host')
    return { host: { name: answers.caHost!, certificate, key: answers.caKey! } }
  return answers.authority === 'offline' ? { offline: { certificate } } : 'local'
}

/**
 * Also undefined while an answer that it depends on is missing, because then the other answers could not be checked.
 */
function kubernetesFrom(answers: Answers): ClusterFile['kubernetes'] {
  const { kubernetesVersion, kubernetesSource, kubernetesFolder, serviceNetwork } = answers
  if (!withKubernetes(answers) || kubernetesVersion === undefined) return undefined
  if (answers.master === undefined || answers.loadBalancer === undefined) return undefined
  const folder = kubernetesSource === 'folder' ? kubernetesFolder : undefined
  return {
    version: kubernetesVersion,
    ...(kubernetesSource === 'modules' ? { source: 'modules' as const } : {}),
    ...(folder === undefined ? {} : { source: { folder } }),
    ...(serviceNetwork === undefined || serviceNetwork === KUBERNETES_DEFAULTS.serviceNetwork
      ? {}
      : { serviceNetwork }),
  }
}

function sourceFrom(answers: Answers): ClusterFile['etcd']['source'] {
  if (answers.source === 'debian') return { debian: { suite: answers.suite! } }
  if (answers.source === 'modules') return { modules: {} }
  return answers.source === 'file' ? { file: { path: answers.path! } } : undefined
}
