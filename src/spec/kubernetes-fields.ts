/**
 * The fields in the configuration of a kubelet and of kube-proxy, and the minors that added them. The kubelet ignores
 * an unknown field with a warning, so a setting with a typo has no effect.
 *
 * Taken from the structs KubeletConfiguration and KubeProxyConfiguration of the modules k8s.io/kubelet (config/v1beta1)
 * and k8s.io/kube-proxy (config/v1alpha1), 0.34.13 to 0.37.2. Nothing was removed between these; compare a new minor
 * with them. Nested fields are not listed.
 */
import { nameTable } from './name-table.ts'

/** Their names in the cluster file. */
export type ConfiguredProgram = 'kubelet' | 'kubeProxy'

export type FieldKind = 'boolean' | 'integer' | 'number' | 'text' | 'duration' | 'list' | 'mapping'

const KUBELET = `
boolean: cgroupsPerQOS cpuCFSQuota enableContentionProfiling enableControllerAttachDetach
  enableDebugFlagsHandler enableDebuggingHandlers enableProfilingHandler enableServer enableSystemLogHandler
  enableSystemLogQuery failCgroupV1 failSwapOn kernelMemcgNotification localStorageCapacityIsolation
  makeIPTablesUtilChains mergeDefaultEvictionSettings protectKernelDefaults registerNode rotateCertificates
  runOnce seccompDefault serializeImagePulls serverTLSBootstrap singleProcessOOMKill
integer: containerLogMaxFiles containerLogMaxWorkers eventBurst eventRecordQPS evictionMaxPodGracePeriod
  healthzPort imageGCHighThresholdPercent imageGCLowThresholdPercent iptablesDropBit iptablesMasqueradeBit
  kubeAPIBurst kubeAPIQPS maxOpenFiles maxParallelImagePulls maxPods nodeLeaseDurationSeconds
  nodeStatusMaxImages oomScoreAdj podPidsLimit podsPerCore port readOnlyPort registryBurst registryPullQPS
number: memoryThrottlingFactor
text: address cgroupDriver cgroupRoot clusterDomain configMapAndSecretChangeDetectionStrategy
  containerLogMaxSize containerRuntimeEndpoint contentType cpuManagerPolicy hairpinMode healthzBindAddress
  imagePullCredentialsVerificationPolicy imageServiceEndpoint kubeReservedCgroup kubeletCgroups
  memoryManagerPolicy memoryReservationPolicy podCIDR podLogsDir providerID reservedSystemCPUs resolvConf
  showHiddenMetricsForVersion staticPodPath staticPodURL systemCgroups systemReservedCgroup tlsCertFile
  tlsMinVersion tlsPrivateKeyFile topologyManagerPolicy topologyManagerScope volumePluginDir
duration: containerLogMonitorInterval cpuCFSQuotaPeriod cpuManagerReconcilePeriod
  evictionPressureTransitionPeriod fileCheckFrequency httpCheckFrequency imageMaximumGCAge imageMinimumGCAge
  nodeStatusReportFrequency nodeStatusUpdateFrequency runtimeRequestTimeout shutdownGracePeriod
  shutdownGracePeriodCriticalPods streamingConnectionIdleTimeout syncFrequency volumeStatsAggPeriod
list: allowedUnsafeSysctls clusterDNS enforceNodeAllocatable preloadedImagesVerificationAllowlist
  registerWithTaints reservedMemory shutdownGracePeriodByPodPriority tlsCipherSuites tlsCurvePreferences
mapping: authentication authorization cpuManagerPolicyOptions crashLoopBackOff defaultPodSysctls
  evictionHard evictionMinimumReclaim evictionSoft evictionSoftGracePeriod featureGates kubeReserved logging
  memorySwap qosReserved staticPodURLHeader systemReserved topologyManagerPolicyOptions tracing
  userNamespaces
`

const KUBE_PROXY = `
boolean: bindAddressHardFail enableProfiling windowsRunAsService
integer: oomScoreAdj
text: bindAddress clusterCIDR detectLocalMode healthzBindAddress hostnameOverride metricsBindAddress mode
  portRange showHiddenMetricsForVersion
duration: configSyncPeriod
list: nodePortAddresses
mapping: clientConnection conntrack detectLocal featureGates iptables ipvs logging nftables winkernel
`

/** Fields added after 1.34, with the minor of Kubernetes 1 that added them. */
const SINCE: ReadonlyMap<string, number> = new Map(
  Object.entries({ tlsCurvePreferences: 36, memoryReservationPolicy: 36, defaultPodSysctls: 37 }),
)

const FIELDS: Readonly<Record<ConfiguredProgram, ReadonlyMap<string, FieldKind>>> = {
  kubelet: nameTable<FieldKind>(KUBELET),
  kubeProxy: nameTable<FieldKind>(KUBE_PROXY),
}

/** Every field of this minor, and the kind of its value. @param minor `1.37` */
export function knownFields(minor: string, program: ConfiguredProgram): ReadonlyMap<string, FieldKind> {
  const number = Number(minor.split('.')[1])
  return new Map([...FIELDS[program]].filter(([field]) => (SINCE.get(field) ?? 0) <= number))
}

/** The minor that added a field which the given minor does not have; undefined: unknown. */
export function fieldSince(field: string): string | undefined {
  const since = SINCE.get(field)
  return since === undefined ? undefined : `1.${since}`
}
