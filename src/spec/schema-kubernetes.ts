/** The syntax of the cluster file's `kubernetes`. */
import * as z from 'zod'
import { KUBERNETES_DEFAULTS } from './defaults.ts'
import { TAINT_EFFECTS } from './kubernetes.ts'
import {
  checkDnsDomain,
  checkImageRepository,
  checkLabelValue,
  checkNetwork,
  checkQualifiedName,
} from './kubernetes-values.ts'
import { RECOMMENDED_KUBERNETES, checkKubernetesVersion } from './kubernetes-versions.ts'
import { containerd } from './schema-containerd.ts'
import { flag, localPath, ONE_KEY, text } from './schema-parts.ts'
import { checkHttpUrl, checkSha256 } from './values.ts'

const release = z
  .strictObject({
    url: text(
      checkHttpUrl,
      'URL template of a program: {program} (kubelet), {version}, {minor}, {arch} (amd64, arm64).',
    ).optional(),
    checksums: text(checkHttpUrl, 'URL template of the file with its SHA-256.').optional(),
    mirror: text(checkHttpUrl, "URL that replaces Kubernetes' release site, with the same files below it.", {
      default: KUBERNETES_DEFAULTS.release.base,
    }).optional(),
    proxy: text(checkHttpUrl, 'HTTP proxy. Default: HTTPS_PROXY and NO_PROXY of the environment.').optional(),
  })
  .meta({ description: "Kubernetes' own release site, each program checked against its SHA-256." })

const modules = z
  .strictObject({
    proxy: text(checkHttpUrl, "Go module proxy. Default: the first one of Go's own GOPROXY.").optional(),
    go: localPath('The program go, or the directory of its toolchain. Default: found in PATH.').optional(),
    checksumDatabase: flag(
      "Compare every module with Go's public checksum database. false: trust the proxy.",
      KUBERNETES_DEFAULTS.modules.checksumDatabase,
    ).optional(),
  })
  .meta({ description: 'Built on the workstation from Go modules. Needs Go.' })

const FOLDER = 'An air-gap bundle, or the directory that one was unpacked into.'
const folder = z
  .union([
    localPath(FOLDER),
    z.strictObject({
      path: localPath(FOLDER),
      sha256: text(checkSha256, 'SHA-256 of the bundle, or of the manifest in the directory.').optional(),
    }),
  ])
  .meta({ description: 'A directory on the workstation, or a bundle of `quorate bundle create FILE`.' })

const source = z
  .union([
    z.enum(['release', 'modules']),
    z
      .strictObject({ release: release.optional(), modules: modules.optional(), folder: folder.optional() })
      .meta(ONE_KEY),
  ])
  .meta({ description: 'Where the programs and images of Kubernetes come from.', default: 'release' })

const component = (program: string, example: string) =>
  z
    .strictObject({
      arguments: z
        .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
        .meta({ description: `Arguments of ${program} without dashes, e.g. ${example}.`, default: {} })
        .optional(),
    })
    .meta({ description: `Settings of ${program}.` })
    .optional()

const configured = (program: string, kind: string, example: string) =>
  z
    .strictObject({
      configuration: z
        .record(z.string(), z.unknown())
        .meta({ description: `Fields of ${kind}, in its own spelling, e.g. ${example}.`, default: {} })
        .optional(),
    })
    .meta({ description: `Settings of ${program}.` })
    .optional()

const taint = z.strictObject({
  key: text(checkQualifiedName, 'Its key, with or without a prefix.', { examples: ['dedicated'] }),
  value: text(checkLabelValue, 'Its value.').optional(),
  effect: z.enum(TAINT_EFFECTS).meta({ description: 'What happens to pods that do not tolerate it.' }),
})

export const kubernetes = z.strictObject({
  version: text(checkKubernetesVersion, 'Exact version, in quotes.', {
    pattern: '^1\\.3[4-7]\\.\\d+$',
    examples: [RECOMMENDED_KUBERNETES],
  }),
  source: source.optional(),
  containerd: containerd.optional(),
  imageRepository: text(checkImageRepository, 'Where nodes find the images, without https://.', {
    default: KUBERNETES_DEFAULTS.imageRepository,
    examples: ['registry.example.org:5000/kubernetes'],
  }).optional(),
  podNetwork: text(
    checkNetwork,
    `IPv4 network of all pods. Default: flannel's (network.Network), else ${KUBERNETES_DEFAULTS.podNetwork}.`,
    { examples: [KUBERNETES_DEFAULTS.podNetwork] },
  ).optional(),
  serviceNetwork: text(checkNetwork, 'IPv4 network of all Services. It overlaps no other network.', {
    default: KUBERNETES_DEFAULTS.serviceNetwork,
  }).optional(),
  dnsDomain: text(checkDnsDomain, 'The DNS domain of Services.', {
    default: KUBERNETES_DEFAULTS.dnsDomain,
  }).optional(),
  apiServer: component('kube-apiserver', 'audit-log-maxage: 30'),
  controllerManager: component('kube-controller-manager', 'node-monitor-grace-period: 30s'),
  scheduler: component('kube-scheduler', 'v: 2'),
  kubelet: configured('the kubelets', 'KubeletConfiguration', 'maxPods: 200'),
  kubeProxy: configured('kube-proxy', 'KubeProxyConfiguration', 'mode: iptables'),
  flannel: z
    .enum(['daemonset', 'service', 'none'])
    .meta({
      description:
        'flannel as a DaemonSet, or as a systemd service that reads its network from etcd; none: you deploy another network.',
      default: KUBERNETES_DEFAULTS.flannel,
    })
    .optional(),
  nodeLabels: z
    .record(z.string(), z.record(z.string(), text(checkLabelValue, 'The value of a label.')))
    .meta({
      description: 'Labels by node, group, role, or all (all control-plane nodes and workers).',
      default: {},
    })
    .optional(),
  taints: z
    .record(z.string(), z.array(taint))
    .meta({
      description:
        'Taints by node, group, role, or all. Control-plane nodes that are not workers have the usual one unless this names them.',
      default: {},
    })
    .optional(),
  pki: z
    .strictObject({
      caKey: z
        .enum(['masters', 'home'])
        .meta({
          description:
            "Where the key of Kubernetes' CA is. masters: also on the control-plane nodes, which renew the kubelets' certificates. home: only in the CA location.",
          default: KUBERNETES_DEFAULTS.pki.caKey,
        })
        .optional(),
      days: z
        .int()
        .min(1)
        .max(3650)
        .meta({
          description: 'How long an issued certificate is valid, in days.',
          default: KUBERNETES_DEFAULTS.pki.days,
        })
        .optional(),
    })
    .meta({ description: "Kubernetes' own certificates." })
    .optional(),
})
