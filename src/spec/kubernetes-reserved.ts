/**
 * Kubernetes' arguments and fields that quorate sets itself, or that would break its guarantees, and their
 * replacements.
 */
import type { Component } from './kubernetes-arguments.ts'
import type { ConfiguredProgram } from './kubernetes-fields.ts'

export interface Reserved {
  readonly why: string
  /** The key of the cluster file to use instead; undefined: none. */
  readonly instead?: string | undefined
}

type Rule = readonly [pattern: RegExp, why: string, instead?: string]

const CERTIFICATES = 'certificates are put in place by quorate'
const NETWORK = 'it follows from the networks of this file'

const ANY: readonly Rule[] = [
  [/^(help|version)$/, 'the program would print it and end'],
  [/^secure-port$/, 'probes and the load balancer ask at the usual port'],
  [/^((authentication-|authorization-)?kubeconfig|master)$/, 'it speaks to the API server of its own node'],
  [/^(client-ca-file|cert-dir|tls-cert-file|tls-private-key-file|tls-sni-cert-key)$/, CERTIFICATES],
  [/^requestheader-/, "it follows from the front proxy's CA, which quorate makes"],
  [/^leader-elect$/, 'quorate keeps it on: without it two would work against each other'],
  [/^leader-elect-resource-/, '`quorate status` finds the leader by it'],
]

const ARGUMENTS: Readonly<Record<Component, readonly Rule[]>> = {
  apiServer: [
    ...ANY,
    [/^(advertise|bind)-address$/, "it is the node's address", "the node's address"],
    [/^etcd-(servers|cafile|certfile|keyfile)$/, 'the etcd nodes of this file are its etcd'],
    [/^etcd-(prefix|servers-overrides)$/, 'reset and restore look for its data in one place'],
    [/^service-cluster-ip-range$/, NETWORK, 'kubernetes.serviceNetwork'],
    [/^service-account-(signing-)?key-file$/, CERTIFICATES],
    [/^kubelet-(client-certificate|client-key|certificate-authority)$/, CERTIFICATES],
    [/^proxy-client-(cert|key)-file$/, CERTIFICATES],
    [
      /^authorization-(mode|config|policy-file|webhook-config-file|webhook-version)$/,
      'quorate keeps Node and RBAC: anything less lets a node or a client do what it should not',
    ],
    [/^anonymous-auth$/, 'the load balancer asks for /readyz without a certificate'],
    [/^token-auth-file$/, 'such tokens never end', 'the command `quorate kubeconfig`'],
    [/^allow-privileged$/, 'flannel and kube-proxy need it'],
    [/^enable-bootstrap-token-auth$/, 'no node joins by a token: quorate issues the certificates'],
    [
      /^audit-(log-path|policy-file)$/,
      'quorate writes the policy, and gives the log a directory of the node',
    ],
    [/^encryption-provider-config/, 'quorate keeps the keys of Secrets like other secrets'],
  ],
  controllerManager: [
    ...ANY,
    [/^(allocate-node-cidrs|cluster-cidr)$/, NETWORK, 'kubernetes.podNetwork'],
    [/^service-cluster-ip-range$/, NETWORK, 'kubernetes.serviceNetwork'],
    [/^node-cidr-mask-size-ipv[46]$/, 'it is for two families of addresses', 'node-cidr-mask-size'],
    [/^cluster-signing-.*-?file$/, CERTIFICATES, 'kubernetes.pki.caKey'],
    [/^cluster-signing-duration$/, 'it follows from the days of certificates', 'kubernetes.pki.days'],
    [/^(root-ca-file|service-account-private-key-file)$/, CERTIFICATES],
    [/^use-service-account-credentials$/, 'quorate keeps it on: each controller has its own rights alone'],
    [/^cluster-name$/, "it is the cluster's name", 'name'],
  ],
  scheduler: [...ANY, [/^(config|write-config-to)$/, 'quorate puts no such file on the masters']],
}

const KIND: Rule = [/^(apiVersion|kind)$/, 'quorate writes it']

const FIELDS: Readonly<Record<ConfiguredProgram, readonly Rule[]>> = {
  kubelet: [
    KIND,
    [/^staticPod/, 'the control plane lies where kubeadm puts it'],
    [
      /^(authentication|authorization)$/,
      'quorate keeps strangers out, and has the API server asked who may do what',
    ],
    [/^(tlsCertFile|tlsPrivateKeyFile|serverTLSBootstrap)$/, CERTIFICATES],
    [/^rotateCertificates$/, "it follows from where the CA's key lies", 'kubernetes.pki.caKey'],
    [/^clusterDomain$/, 'all of the cluster has the same', 'kubernetes.dnsDomain'],
    [/^clusterDNS$/, NETWORK, 'kubernetes.serviceNetwork'],
    [/^podCIDR$/, NETWORK, 'kubernetes.podNetwork'],
    [/^registerWithTaints$/, 'it differs from node to node', 'kubernetes.taints'],
    [/^(registerNode|enableServer)$/, 'quorate keeps it on'],
    [/^providerID$/, 'it would be the same on all nodes'],
    [/^readOnlyPort$/, 'everyone who reaches that port could read all pods'],
    [/^(port|healthzPort|healthzBindAddress)$/, 'API servers and quorate ask at the usual port'],
    [/^containerRuntimeEndpoint$/, 'quorate sets up containerd'],
  ],
  kubeProxy: [
    KIND,
    [/^clusterCIDR$/, NETWORK, 'kubernetes.podNetwork'],
    [/^hostnameOverride$/, 'it would be the same on all nodes'],
    [/^(winkernel|windowsRunAsService)$/, 'all nodes run Linux'],
  ],
}

/** Why quorate reserves this argument (without dashes); undefined: it is free. */
export function reservedArgument(component: Component, name: string): Reserved | undefined {
  return find(ARGUMENTS[component], name)
}

/** The same for a field of a configuration. */
export function reservedField(program: ConfiguredProgram, name: string): Reserved | undefined {
  return find(FIELDS[program], name)
}

function find(rules: readonly Rule[], name: string): Reserved | undefined {
  const rule = rules.find(([pattern]) => pattern.test(name))
  return rule === undefined ? undefined : { why: rule[1], instead: rule[2] }
}
