/** Programs and image archives for the nodes of a stage: from the cache, or downloaded first. */
import { obtainContainerd } from '../../artifacts/containerd/obtain.ts'
import { obtainKubernetesArtifacts } from '../../artifacts/kubernetes/supply.ts'
import { QuorateError } from '../../errors.ts'
import type { ServiceStep } from '../../engine/service-steps.ts'
import type { EngineStep } from '../../engine/step.ts'
import type { Hosts, TierSession } from '../../engine/tier.ts'
import type { Contents } from '../../host/parcel.ts'
import type { Architecture } from '../../host/state.ts'
import { RUNTIME_PROGRAMS } from '../../kubernetes/runtime-parts.ts'
import type { ContainerdSpec } from '../../spec/containerd.ts'
import type { KubernetesSpec } from '../../spec/kubernetes.ts'

type Carried = Extract<ServiceStep, { readonly kind: 'program' | 'image' }>
type Processor = Exclude<Architecture, 'other'>

/** @throws QuorateError `artifact` if they are unavailable or fail verification; `cancelled` */
export async function equipNodes(
  session: TierSession,
  { hosts }: { readonly hosts: Hosts },
  steps: readonly EngineStep[],
): Promise<(step: EngineStep) => Contents | undefined> {
  const { kubernetes } = session.cluster
  const carried = steps.filter(isCarried)
  if (kubernetes === undefined || carried.length === 0) return () => undefined
  const keyOf = (step: Carried) => `${isRuntime(step)} ${hosts[step.host]?.architecture ?? 'other'}`
  const supplies = new Map<string, Contents>()
  for (const step of carried) {
    if (supplies.has(keyOf(step))) continue
    const architecture = hosts[step.host]?.architecture ?? 'other'
    if (architecture === 'other')
      throw new QuorateError('artifact', 'there is no Kubernetes for this processor architecture')
    const { containerd } = kubernetes
    supplies.set(
      keyOf(step),
      isRuntime(step) && containerd !== undefined
        ? await runtimeContents(session, containerd, architecture)
        : await kubernetesContents(session, kubernetes, architecture),
    )
  }
  return (step) => (isCarried(step) ? supplies.get(keyOf(step)) : undefined)
}

async function kubernetesContents(
  session: TierSession,
  kubernetes: KubernetesSpec,
  architecture: Processor,
): Promise<Contents> {
  const { programs, images } = await obtainKubernetesArtifacts(kubernetes, architecture, contextOf(session))
  return Object.fromEntries([
    ...programs.flatMap(({ name, links, path: file, sha256, sizeBytes }) =>
      [name, ...links].map((one) => [one, { file, sha256, sizeBytes }] as const),
    ),
    ...images.flatMap(({ names, path: file, sha256, sizeBytes }) =>
      names.map((one) => [one, { file, sha256, sizeBytes }] as const),
    ),
  ])
}

async function runtimeContents(
  session: TierSession,
  containerd: ContainerdSpec,
  architecture: Processor,
): Promise<Contents> {
  const files = await obtainContainerd(containerd, architecture, contextOf(session))
  return Object.fromEntries(
    files.map(({ name, path: file, sha256, sizeBytes }) => [name, { file, sha256, sizeBytes }]),
  )
}

function contextOf({ cacheDirectory, signal, emit }: TierSession) {
  return {
    cacheDirectory,
    signal,
    emit: ({ text, doneBytes, totalBytes }: { text: string; doneBytes?: number; totalBytes?: number }) =>
      emit({ type: 'artifact', text, doneBytes, totalBytes }),
  }
}

function isCarried(step: EngineStep): step is Carried {
  return step.kind === 'program' || step.kind === 'image'
}

/** Whether it comes from containerd's releases. */
function isRuntime(step: Carried): boolean {
  return step.kind === 'program' && Object.hasOwn(RUNTIME_PROGRAMS, step.product)
}
