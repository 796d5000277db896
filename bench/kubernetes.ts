/** Nine machines, from their first login to pods on three workers: `quorate apply` beside kubeadm by hand, in turns. */
import { mkdir, readFile, symlink } from 'node:fs/promises'
import { loadavg } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ownArchitecture } from '../src/artifacts/artifact.ts'
import { obtainEtcd } from '../src/artifacts/obtain.ts'
import { obtainKubernetesArtifacts } from '../src/artifacts/kubernetes/supply.ts'
import { imageNames } from '../src/kubernetes/image-names.ts'
import { sampleKubernetes } from '../src/spec/sample-kubernetes.ts'
import { cacheFolder, cachedPrograms, sshRoundTrips, unchanged } from './applies.ts'
import { stagesOfApply } from './apply-stages.ts'
import type { BenchCluster, Shape } from './cluster.ts'
import { type Ran, median, must } from './measure.ts'
import { type Line, line, seconds, times } from './report.ts'

/** Medians of one run. */
export interface FiguresOfKubernetes {
  readonly kubernetesByHandSeconds: number
  /** Of the run that took longest. */
  readonly kubernetesByHandStages: Readonly<Record<string, number>>
  readonly kubernetesFirstApplySeconds: number
  /** Of the run that took longest. */
  readonly kubernetesFirstApplyStages: Readonly<Record<string, number>>
  readonly kubernetesToByHandRatio: number
  readonly kubernetesSecondApplySeconds: number
  /** Logins and commands over SSH for one machine, in a second apply. */
  readonly kubernetesRoundTripsPerHost: number
  /** The most that the tool's process had resident, in a first apply; bytes. */
  readonly kubernetesPeakMemoryBytes: number
  /** Of the last minute before the first round: how many processes wanted a processor, with nothing of the bench's at work. */
  readonly kubernetesLoadBefore: number
}

const ETCD = '3.6.16'
const VERSION = '1.37.2'
/** Nodes ask no registry: images are imported from archives. */
const REPOSITORY = 'quorate.lab'
/** Built once, and that takes long. */
const OBTAIN_MS = 3 * 3_600_000
const SETTLE_MS = 10_000

/** The nine machines of the seed. The kubelets' and kube-proxy's settings are what a container of this computer can't do without. */
export const KUBERNETES: Shape = {
  roles: [
    ...Array<string>(3).fill('etcd'),
    'master',
    'master',
    ...Array<string>(3).fill('worker'),
    'service',
  ],
  content: `loadBalancer: { url: "https://service09:6443", managed: true }
kubernetes:
  version: "${VERSION}"
  source: modules
  imageRepository: ${REPOSITORY}
  kubelet: { configuration: { failCgroupV1: false } }
  kubeProxy: { configuration: { conntrack: { maxPerCore: 0 } } }
etcd:
  version: "${ETCD}"
  source: { modules: {} }
`,
}

interface Bench {
  readonly cluster: BenchCluster
  readonly folder: string
  readonly repeat: number
  readonly say: (text: string) => void
}

/** @throws Error if either way fails, with its words */
export async function measureKubernetes({
  cluster,
  folder,
  repeat,
  say,
}: Bench): Promise<FiguresOfKubernetes> {
  say('obtaining Kubernetes, booting machines')
  const files = await filesByHand(path.join(folder, 'files'), say)
  const [load = 0] = loadavg()
  const memoryHook = `--import=${path.join(import.meta.dirname, 'peak-memory.mjs')}`
  const memoryFile = path.join(folder, 'memory')
  const byHand: Ran[] = []
  const first: { readonly seconds: number; readonly stages: Readonly<Record<string, number>> }[] = []
  const [memory, second]: number[][] = [[], []]
  const operations = path.join(folder, '.quorate', cluster.name, 'operations')
  for (let round = 1; round <= repeat; round++) {
    say(`round ${round} of ${repeat}: nine pristine machines, twice`)
    await cluster.pristine()
    byHand.push(await kubeadmByHand(cluster, files, path.join(folder, `by-hand-${round}`)))
    await cluster.pristine()
    const env = { NODE_OPTIONS: memoryHook, BENCH_MEMORY_FILE: memoryFile }
    const { durationMs } = await cluster.quorate(['apply'], env)
    first.push({ seconds: durationMs / 1000, stages: await stagesOfApply(operations) })
    memory?.push(Number(await readFile(memoryFile, 'utf8')))
    // Until the pods of the connectivity test are gone. A second apply is measured, not the end of the first.
    await sleep(SETTLE_MS)
    for (let again = 0; again < 3; again++) second?.push(await unchanged(cluster))
  }
  const slowest = byHand.toSorted((one, other) => other.durationMs - one.durationMs)[0]
  const slowestApply = first.toSorted((one, other) => other.seconds - one.seconds)[0]
  const scriptSeconds = median(byHand.map(({ durationMs }) => durationMs)) / 1000
  const applySeconds = median(first.map(({ seconds: took }) => took))
  const trips = await sshRoundTrips(cluster, folder)
  return {
    kubernetesByHandSeconds: scriptSeconds,
    kubernetesByHandStages: stagesOf(slowest?.output ?? ''),
    kubernetesFirstApplySeconds: applySeconds,
    kubernetesFirstApplyStages: slowestApply?.stages ?? {},
    kubernetesToByHandRatio: applySeconds / scriptSeconds,
    kubernetesSecondApplySeconds: median(second) / 1000,
    kubernetesRoundTripsPerHost: trips / cluster.nodes.length,
    kubernetesPeakMemoryBytes: Math.max(...(memory ?? [])),
    kubernetesLoadBefore: load,
  }
}

export function linesOfKubernetes(figures: FiguresOfKubernetes): Line[] {
  const { kubernetesToByHandRatio: ratio, kubernetesSecondApplySeconds: again } = figures
  const trips = figures.kubernetesRoundTripsPerHost
  const megabytes = figures.kubernetesPeakMemoryBytes / 1_000_000
  return [
    line(
      'nine nodes by kubeadm and a hand-written parallel script',
      seconds(figures.kubernetesByHandSeconds),
    ),
    ...stageLines(figures.kubernetesByHandStages),
    line('`quorate apply` of the same', seconds(figures.kubernetesFirstApplySeconds)),
    ...stageLines(figures.kubernetesFirstApplyStages),
    line('… as a multiple of the script', times(ratio), 'at most 1.2 ×', ratio <= 1.2),
    line('`quorate apply` again', seconds(again), 'at most 2 s', again <= 2),
    line('… SSH round trips per node', trips.toFixed(1), 'at most 2', trips <= 2),
    line('… peak memory of the first', `${megabytes.toFixed(0)} MB`, 'under 250 MB', megabytes < 250),
  ]
}

function stageLines(stages: Readonly<Record<string, number>>): Line[] {
  return Object.entries(stages).map(([what, time]) => line(`… of it: ${what}`, seconds(time)))
}

/** What the script pushes to each node: the same program and the same archives as quorate's. Built before, etcd as well. */
async function filesByHand(folder: string, say: Bench['say']): Promise<string> {
  const arch = ownArchitecture()
  if (arch === undefined) throw new Error(`Kubernetes is not built for ${process.arch}`)
  const spec = sampleKubernetes({ version: VERSION, imageRepository: REPOSITORY })
  const context = {
    cacheDirectory: cacheFolder(),
    emit: ({ text }: { readonly text: string }) => say(text),
    signal: AbortSignal.timeout(OBTAIN_MS),
  }
  const source = { kind: 'modules', proxy: undefined, go: undefined, checksumDatabase: true } as const
  await obtainEtcd({ version: ETCD, source }, arch, context)
  const { programs, images } = await obtainKubernetesArtifacts(spec, arch, context)
  await mkdir(folder)
  for (const { name, path: file } of programs) await symlink(file, path.join(folder, name))
  for (const { path: file } of images) await symlink(file, path.join(folder, path.basename(file)))
  return folder
}

/** What the script says of its parts, in seconds. */
function stagesOf(output: string): Readonly<Record<string, number>> {
  const lines = output.matchAll(/^stage ([\d.]+) (.+)$/gm)
  return Object.fromEntries([...lines].map(([, time, what = '']) => [what, Number(time)]))
}

async function kubeadmByHand(cluster: BenchCluster, files: string, work: string): Promise<Ran> {
  const script = path.join(import.meta.dirname, 'kubernetes-by-hand.sh')
  const etcd = await cachedPrograms(ETCD, 'modules-')
  const { flannel } = imageNames({ version: VERSION, imageRepository: REPOSITORY })
  const nodes = cluster.nodes.map(({ role, name, address }) => `${role}:${name}=${address}`)
  const paths = [work, etcd, files, cluster.identityFile, cluster.knownHosts]
  return await must([script, ...paths, VERSION, REPOSITORY, flannel, ...nodes])
}
