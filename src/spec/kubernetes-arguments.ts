/**
 * The arguments of the control plane's programs, by minor. A program doesn't start with an unknown one.
 *
 * The names of 1.37 are those that the programs of 1.37.2 show with `--help`, and hidden ones that they accept. They
 * were compared with the sources of 1.34.4, 1.35.4 and 1.36.3: nothing was removed since, and additions are in SINCE.
 *
 * # How to add a minor
 *
 * Run each program with `--help` (the one that quorate builds answers to each name: create a link to it), and compare
 * the names. `int` and `Level` are integers, `float` numbers, `ip` addresses. A type other than these, a duration or a
 * boolean is text.
 */
import { nameTable } from './name-table.ts'

/** Their names in the cluster file. */
export type Component = 'apiServer' | 'controllerManager' | 'scheduler'

export type ArgumentKind = 'boolean' | 'integer' | 'number' | 'duration' | 'address' | 'text'

/** Kubernetes' own names of the programs. */
export const PROGRAMS: Readonly<Record<Component, string>> = {
  apiServer: 'kube-apiserver',
  controllerManager: 'kube-controller-manager',
  scheduler: 'kube-scheduler',
}

/** Common to all three programs. */
const COMMON = `
boolean: contention-profiling disable-http2-serving log-json-split-stream log-text-split-stream
  permit-address-sharing permit-port-sharing profiling
integer: http2-max-streams-per-connection secure-port v
duration: authentication-token-webhook-cache-ttl authorization-webhook-cache-authorized-ttl
  authorization-webhook-cache-unauthorized-ttl log-flush-frequency
address: bind-address
text: allow-metric-labels allow-metric-labels-manifest cert-dir client-ca-file disabled-metrics
  emulated-version feature-gates log-json-info-buffer-size log-text-info-buffer-size logging-format
  min-compatibility-version requestheader-allowed-names requestheader-client-ca-file
  requestheader-extra-headers-prefix requestheader-group-headers requestheader-uid-headers
  requestheader-username-headers show-hidden-metrics-for-version tls-cert-file tls-cipher-suites
  tls-curve-preferences tls-min-version tls-private-key-file tls-sni-cert-key vmodule
`

const API_SERVER = `
boolean: aggregator-reject-forwarding-redirect allow-privileged anonymous-auth
  audit-log-batch-throttle-enable audit-log-compress audit-log-truncate-enabled
  audit-webhook-batch-throttle-enable audit-webhook-truncate-enabled emulation-forward-compatible
  enable-aggregator-routing enable-bootstrap-token-auth enable-garbage-collector enable-logs-handler
  enable-priority-and-fairness encryption-provider-config-automatic-reload
  runtime-config-emulation-forward-compatible service-account-extend-token-expiration service-account-lookup
  shutdown-send-retry-after watch-cache
integer: audit-log-batch-buffer-size audit-log-batch-max-size audit-log-batch-throttle-burst
  audit-log-maxage audit-log-maxbackup audit-log-maxsize audit-log-truncate-max-batch-size
  audit-log-truncate-max-event-size audit-webhook-batch-buffer-size audit-webhook-batch-max-size
  audit-webhook-batch-throttle-burst audit-webhook-truncate-max-batch-size
  audit-webhook-truncate-max-event-size default-not-ready-toleration-seconds
  default-unreachable-toleration-seconds delete-collection-workers kubernetes-service-node-port
  lease-reuse-duration-seconds max-connection-bytes-per-sec max-mutating-requests-inflight
  max-requests-inflight min-request-timeout
number: audit-log-batch-throttle-qps audit-webhook-batch-throttle-qps goaway-chance
duration: audit-log-batch-max-wait audit-webhook-batch-max-wait audit-webhook-initial-backoff
  coordinated-leadership-lease-duration coordinated-leadership-renew-deadline
  coordinated-leadership-retry-period etcd-compaction-interval etcd-count-metric-poll-period
  etcd-db-metric-poll-interval etcd-healthcheck-timeout etcd-readycheck-timeout event-ttl kubelet-timeout
  livez-grace-period request-timeout service-account-max-token-expiration shutdown-delay-duration
  shutdown-watch-termination-grace-period storage-initialization-timeout
address: advertise-address
text: admission-control admission-control-config-file api-audiences audit-log-format audit-log-mode
  audit-log-path audit-log-version audit-policy-file audit-webhook-config-file audit-webhook-mode
  audit-webhook-version authentication-config authentication-token-webhook-config-file
  authentication-token-webhook-version authorization-config authorization-mode authorization-policy-file
  authorization-webhook-config-file authorization-webhook-version cors-allowed-origins debug-socket-path
  disable-admission-plugins egress-selector-config-file enable-admission-plugins encryption-provider-config
  endpoint-reconciler-type etcd-cafile etcd-certfile etcd-keyfile etcd-prefix etcd-servers
  etcd-servers-overrides external-hostname kubelet-certificate-authority kubelet-client-certificate
  kubelet-client-key kubelet-preferred-address-types oidc-ca-file oidc-client-id oidc-groups-claim
  oidc-groups-prefix oidc-issuer-url oidc-required-claim oidc-signing-algs oidc-username-claim
  oidc-username-prefix peer-advertise-ip peer-advertise-port peer-ca-file proxy-client-cert-file
  proxy-client-key-file runtime-config service-account-issuer service-account-jwks-uri
  service-account-key-file service-account-signing-endpoint service-account-signing-key-file
  service-cluster-ip-range service-node-port-range storage-backend storage-media-type
  strict-transport-security-directives token-auth-file tracing-config-file watch-cache-sizes
`

const CONTROLLER_MANAGER = `
boolean: allocate-node-cidrs authentication-skip-lookup authentication-tolerate-lookup-failure
  configure-cloud-routes disable-attach-detach-reconcile-sync disable-force-detach-on-timeout
  enable-dynamic-provisioning enable-garbage-collector enable-hostpath-provisioner enable-leader-migration
  leader-elect use-service-account-credentials
integer: concurrent-cron-job-syncs concurrent-daemonset-syncs concurrent-deployment-syncs
  concurrent-device-taint-eviction-syncs concurrent-disruption-syncs concurrent-endpoint-syncs
  concurrent-ephemeralvolume-syncs concurrent-gc-syncs concurrent-horizontal-pod-autoscaler-syncs
  concurrent-job-syncs concurrent-namespace-syncs concurrent-rc-syncs concurrent-replicaset-syncs
  concurrent-resource-quota-syncs concurrent-resourceclaim-syncs concurrent-service-endpoint-syncs
  concurrent-serviceaccount-token-syncs concurrent-statefulset-syncs concurrent-ttl-after-finished-syncs
  concurrent-validating-admission-policy-status-syncs kube-api-burst large-cluster-size-threshold
  max-endpoints-per-slice mirroring-concurrent-service-endpoint-syncs mirroring-max-endpoints-per-subset
  node-cidr-mask-size node-cidr-mask-size-ipv4 node-cidr-mask-size-ipv6 pv-recycler-increment-timeout-nfs
  pv-recycler-minimum-timeout-hostpath pv-recycler-minimum-timeout-nfs
  pv-recycler-timeout-increment-hostpath terminated-pod-gc-threshold
number: horizontal-pod-autoscaler-tolerance kube-api-qps node-eviction-rate secondary-node-eviction-rate
  unhealthy-zone-threshold
duration: attach-detach-reconcile-sync-period cluster-signing-duration controller-shutdown-timeout
  controller-start-interval endpoint-updates-batch-period endpointslice-updates-batch-period
  horizontal-pod-autoscaler-cpu-initialization-period horizontal-pod-autoscaler-downscale-stabilization
  horizontal-pod-autoscaler-initial-readiness-delay horizontal-pod-autoscaler-sync-period
  leader-elect-lease-duration leader-elect-renew-deadline leader-elect-retry-period
  legacy-service-account-token-clean-up-period min-resync-period
  mirroring-endpointslice-updates-batch-period namespace-sync-period node-monitor-grace-period
  node-monitor-period node-startup-grace-period pvclaimbinder-sync-period resource-quota-sync-period
  route-reconciliation-period
text: authentication-kubeconfig authorization-always-allow-paths authorization-kubeconfig
  cidr-allocator-type cloud-config cloud-provider cluster-cidr cluster-name cluster-signing-cert-file
  cluster-signing-key-file cluster-signing-kube-apiserver-client-cert-file
  cluster-signing-kube-apiserver-client-key-file cluster-signing-kubelet-client-cert-file
  cluster-signing-kubelet-client-key-file cluster-signing-kubelet-serving-cert-file
  cluster-signing-kubelet-serving-key-file cluster-signing-legacy-unknown-cert-file
  cluster-signing-legacy-unknown-key-file controllers external-cloud-volume-plugin flex-volume-plugin-dir
  kube-api-content-type kubeconfig leader-elect-resource-lock leader-elect-resource-name
  leader-elect-resource-namespace leader-migration-config master pv-recycler-pod-template-filepath-hostpath
  pv-recycler-pod-template-filepath-nfs root-ca-file service-account-private-key-file
  service-cluster-ip-range
`

const SCHEDULER = `
boolean: authentication-skip-lookup authentication-tolerate-lookup-failure leader-elect
integer: kube-api-burst
number: kube-api-qps
duration: leader-elect-lease-duration leader-elect-renew-deadline leader-elect-retry-period
  pod-max-in-unschedulable-pods-duration
text: authentication-kubeconfig authorization-always-allow-paths authorization-kubeconfig config
  kube-api-content-type kubeconfig leader-elect-resource-lock leader-elect-resource-name
  leader-elect-resource-namespace master write-config-to
`

/** Accepted, but not shown by `--help`. */
const HIDDEN_API_SERVER = `
integer: apiserver-count default-watch-cache-size kubelet-port kubelet-read-only-port
duration: audit-webhook-batch-initial-backoff
`
const HIDDEN_CONTROLLER_MANAGER = `
boolean: allow-untagged-cloud
duration: node-sync-period
`

/** Arguments added after 1.34, with the minor of Kubernetes 1 that added them. */
const SINCE: ReadonlyMap<string, number> = new Map(
  Object.entries({
    'concurrent-device-taint-eviction-syncs': 35,
    'controller-shutdown-timeout': 35,
    'min-compatibility-version': 35,
    'concurrent-resourceclaim-syncs': 36,
    'tls-curve-preferences': 36,
    'concurrent-disruption-syncs': 37,
  }),
)

const ARGUMENTS: Readonly<Record<Component, readonly (readonly [string, ArgumentKind])[]>> = {
  apiServer: entries(COMMON, API_SERVER, HIDDEN_API_SERVER),
  controllerManager: entries(COMMON, CONTROLLER_MANAGER, HIDDEN_CONTROLLER_MANAGER),
  scheduler: entries(COMMON, SCHEDULER),
}

/** Every argument of a program, without dashes, and the kind of its value. @param minor `1.37` */
export function knownArguments(minor: string, component: Component): ReadonlyMap<string, ArgumentKind> {
  const number = Number(minor.split('.')[1])
  return new Map(ARGUMENTS[component].filter(([name]) => (SINCE.get(name) ?? 0) <= number))
}

/** The minor that added an argument after 1.34; undefined: it is older, or unknown. */
export function argumentSince(name: string): string | undefined {
  const since = SINCE.get(name)
  return since === undefined ? undefined : `1.${since}`
}

function entries(...tables: readonly string[]): (readonly [string, ArgumentKind])[] {
  return tables.flatMap((table) => [...nameTable<ArgumentKind>(table)])
}
