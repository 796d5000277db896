/** The questions of `quorate init`, as data: asked one after the other on a terminal, otherwise given as flags. */
import ipaddr from 'ipaddr.js'
import { checkAddress } from './address.ts'
import type { Role } from './cluster.ts'
import { API_PORT, DEBIAN_VERSIONS, KUBERNETES_DEFAULTS, RECOMMENDED_VERSION } from './defaults.ts'
import { checkNetwork } from './kubernetes-values.ts'
import { RECOMMENDED_KUBERNETES, checkKubernetesVersion } from './kubernetes-versions.ts'
import { checkLocalPath, checkRemotePath } from './paths.ts'
import type { Complaint } from './problem.ts'
import type { ClusterFile } from './schema.ts'
import { checkUser } from './ssh-values.ts'
import { checkHttpUrl, checkName, checkSuite, checkVersion } from './values.ts'

export type AnswerKey =
  | 'name'
  | Role
  | 'user'
  | 'identityFile'
  | 'authority'
  | 'caHost'
  | 'caCertificate'
  | 'caKey'
  | 'source'
  | 'suite'
  | 'path'
  | 'version'
  | 'network'
  | 'serviceNetwork'
  | 'loadBalancer'
  | 'kubernetes'
  | 'kubernetesVersion'
  | 'kubernetesSource'
  | 'kubernetesFolder'

/**
 * As typed; an empty text counts as no answer. There is no question for `kubernetes`: `--kubernetes` sets it to `yes`.
 */
export type Answers = Readonly<Partial<Record<AnswerKey, string>>>

export interface Question {
  readonly key: AnswerKey
  /** Long option, with the name of its value: `--ca-host NAME`. */
  readonly flag: string
  readonly text: string
  /** An example to show while nothing is typed. */
  readonly placeholder?: string
  /** Answers to choose from; undefined: free text. */
  readonly options?: readonly { readonly value: string; readonly label: string }[]
  /** An empty answer is refused if there is no default. */
  readonly required: boolean
  /** The same with `--kubernetes`. */
  readonly requiredForKubernetes: boolean
  /** Used for an empty answer. */
  readonly default: (answers: Answers) => string | undefined
  /** Whether the question is asked. */
  readonly when: (answers: Answers) => boolean
  /** What is wrong with an answer, on one line; undefined: nothing. */
  readonly validate: (answer: string) => string | undefined
}

/** The option that adds Kubernetes, and more questions. */
export const KUBERNETES_FLAG = '--kubernetes'

export const QUESTIONS: readonly Question[] = [
  question('name', '--name NAME', 'What is the cluster called?', {
    standard: 'my-cluster',
    check: checkName,
  }),
  nodesQuestion('etcd', 'Addresses of the etcd nodes (an odd number, best three)', true),
  nodesQuestion('master', 'Addresses of the masters, if any', false, true),
  nodesQuestion('worker', 'Addresses of the workers, if any', false, true),
  nodesQuestion('service', 'Addresses of the service nodes, if any', false),
  question('user', '--user NAME', 'Who logs in over SSH? (not root: sudo is used)', {
    standard: 'root',
    check: checkUser,
  }),
  question(
    'identityFile',
    '--identity-file PATH',
    'Private key for SSH, if your agent and OpenSSH configuration do not say',
    {
      placeholder: '~/.ssh/id_ed25519',
      check: checkLocalPath,
    },
  ),
  question('authority', '--authority HOME', 'Where does the certificate authority live?', {
    standard: 'local',
    options: {
      local: 'on this workstation, created on first use',
      host: 'on another host, over SSH',
      offline: 'elsewhere; I carry the files',
    },
  }),
  question('caHost', '--ca-host NAME', "The CA node's name (for ssh)", {
    standard: 'root-ca-host',
    check: checkName,
    when: (answers) => answers.authority === 'host',
  }),
  question('caCertificate', '--ca-certificate PATH', 'Path of the CA certificate', {
    standard: (answers) => (answers.authority === 'host' ? '/root/ca.crt' : 'ca.crt'),
    check: checkLocalPath,
    when: (answers) => answers.authority === 'host' || answers.authority === 'offline',
  }),
  question('caKey', '--ca-key PATH', 'Path of the CA key on that node', {
    standard: '/root/ca.key',
    check: checkRemotePath,
    when: (answers) => answers.authority === 'host',
  }),
  question('source', '--source KIND', 'Where do the etcd binaries come from?', {
    standard: 'release',
    options: {
      release: "etcd's own releases",
      debian: "Debian's archive, through apt",
      modules: 'built on this workstation from its Go modules',
      file: 'a file or directory on this workstation',
    },
  }),
  question('suite', '--suite NAME', 'Which Debian suite?', {
    // Kubernetes needs a newer etcd than the stable suites have.
    standard: (answers) => (withKubernetes(answers) ? 'sid' : 'trixie'),
    check: checkSuite,
    when: (answers) => answers.source === 'debian',
  }),
  question('path', '--path PATH', 'Path of the archive or directory with etcd and etcdctl', {
    required: true,
    check: checkLocalPath,
    when: (answers) => answers.source === 'file',
  }),
  question('version', '--etcd-version VERSION', 'Which version of etcd, exactly?', {
    standard: standardVersion,
    check: checkVersion,
  }),
  question('kubernetesVersion', '--kubernetes-version VERSION', 'Which version of Kubernetes, exactly?', {
    standard: RECOMMENDED_KUBERNETES,
    check: checkKubernetesVersion,
    when: withKubernetes,
  }),
  question('kubernetesSource', '--kubernetes-source KIND', 'Where does Kubernetes come from?', {
    standard: 'release',
    options: {
      release: 'its own releases, and images from a registry',
      modules: 'built on this workstation from its Go modules',
      folder: 'a directory or an air-gap bundle on this workstation',
    },
    when: withKubernetes,
  }),
  question(
    'kubernetesFolder',
    '--kubernetes-folder PATH',
    'Path of the directory or bundle with Kubernetes',
    {
      required: true,
      check: checkLocalPath,
      when: (answers) => withKubernetes(answers) && answers.kubernetesSource === 'folder',
    },
  ),
  question('network', '--network CIDR', "flannel's network for pods, if you use flannel", {
    standard: (answers) => (withKubernetes(answers) ? KUBERNETES_DEFAULTS.podNetwork : undefined),
    placeholder: '10.5.0.0/16',
    check: checkCidr,
  }),
  question('serviceNetwork', '--service-network CIDR', "Kubernetes' network for Services", {
    standard: KUBERNETES_DEFAULTS.serviceNetwork,
    check: checkNetwork,
    when: withKubernetes,
  }),
  question('loadBalancer', '--load-balancer URL', "URL of the API servers' load balancer, if there is one", {
    standard: standardBalancer,
    placeholder: 'https://service01',
    check: checkHttpUrl,
    requiredForKubernetes: true,
  }),
]

/** The version in the suite; otherwise the version for new clusters. */
function standardVersion(answers: Answers): string {
  return (
    (answers.source === 'debian' ? DEBIAN_VERSIONS.get(answers.suite ?? '') : undefined) ??
    RECOMMENDED_VERSION
  )
}

/** Whether Kubernetes is wanted as well. */
export function withKubernetes({ kubernetes }: Answers): boolean {
  return kubernetes === 'yes'
}

/** HAProxy on the first service node. */
function standardBalancer(answers: Answers): string | undefined {
  const [first] = readNodes('service', answers.service ?? '')
  return withKubernetes(answers) && first !== undefined ? `https://${first.name}:${API_PORT}` : undefined
}

/** `198.18.7.11, 198.18.7.12` become ROLE01 and ROLE02; `db1=198.18.7.11` sets the name. */
export function readNodes(role: Role, answer: string): ClusterFile['nodes'] {
  const words = answer.split(/[\s,]+/).filter((word) => word !== '')
  return words.map((word, index) => {
    const [first = '', second] = word.split('=')
    const name = second === undefined ? `${role}${String(index + 1).padStart(2, '0')}` : first
    return { name, address: second ?? first, roles: [role] }
  })
}

function nodesQuestion(role: Role, text: string, required: boolean, requiredForKubernetes = false): Question {
  const check = (answer: string): Complaint | undefined => {
    const nodes = readNodes(role, answer)
    return nodes
      .map((node) => checkName(node.name) ?? checkAddress(node.address))
      .find((complaint) => complaint !== undefined)
  }
  const placeholder = required
    ? '198.18.7.11, 198.18.7.12, 198.18.7.13'
    : `198.18.7.21 or ${role}01=198.18.7.21`
  return question(role, `--${role} ADDRESSES`, text, {
    required,
    requiredForKubernetes,
    placeholder,
    check,
  })
}

/** Checks only the syntax: the validation of the file applies flannel's own rules. */
function checkCidr(text: string): Complaint | undefined {
  if (ipaddr.IPv4.isValidCIDRFourPartDecimal(text)) return undefined
  return { message: `"${text}" is not a network`, hint: 'write one like 10.5.0.0/16' }
}

interface Details {
  readonly standard?: string | ((answers: Answers) => string | undefined)
  readonly required?: boolean
  readonly requiredForKubernetes?: boolean
  readonly placeholder?: string
  readonly options?: Readonly<Record<string, string>>
  readonly check?: (text: string) => Complaint | undefined
  readonly when?: (answers: Answers) => boolean
}

function question(key: AnswerKey, flag: string, text: string, details: Details): Question {
  const { standard, required = false, requiredForKubernetes = false } = details
  const { placeholder, options, check, when = () => true } = details
  const choices =
    options === undefined ? undefined : Object.entries(options).map(([value, label]) => ({ value, label }))
  return {
    key,
    flag,
    text,
    required,
    requiredForKubernetes,
    when,
    ...(placeholder === undefined ? {} : { placeholder }),
    ...(choices === undefined ? {} : { options: choices }),
    default: typeof standard === 'function' ? standard : () => standard,
    validate: (answer) => {
      if (options !== undefined && !Object.hasOwn(options, answer)) {
        return `"${answer}" is not known; write one of ${Object.keys(options).join(', ')}`
      }
      const complaint = answer === '' ? undefined : check?.(answer)
      if (complaint === undefined) return answer === '' && required ? 'an answer is needed' : undefined
      return complaint.hint === undefined ? complaint.message : `${complaint.message}; ${complaint.hint}`
    },
  }
}
