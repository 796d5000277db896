/** Builds Kubernetes from Go modules: for workstations that only reach a module proxy, and for the lab. */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { type GoBench, type GoProgram, buildProgram, inModule, moduleFolder, withGo } from '../go-build.ts'
import type { GoSource } from '../go-source.ts'
import type { Architecture, ArtifactContext } from '../artifact.ts'
import type { ModuleTrouble } from '../modules-trouble.ts'
import {
  FLANNEL_MODULE,
  KUBERNETES_MODULE,
  corednsProgram,
  flannelProgram,
  kubernetesProgram,
  pauseProgram,
} from './programs.ts'

export interface KubernetesVersions {
  /** `1.37.2` */
  readonly kubernetes: string
  /** CoreDNS's version. */
  readonly coredns: string
  readonly flannel: string
}

/**
 * The results, by file name. `kubernetes` contains all seven programs of Kubernetes, and acts as the one whose name it
 * is started by.
 */
export const BUILT_PROGRAMS = ['kubernetes', 'coredns', 'flanneld', 'pause'] as const
export type BuiltProgram = (typeof BUILT_PROGRAMS)[number]

/**
 * Builds the programs into `staging`: about twelve minutes on two cores, and 3.5 GB of memory while they are linked.
 *
 * @returns their source, for messages
 * @throws QuorateError `artifact`, with Go's own message
 */
export async function buildKubernetes(
  source: GoSource,
  versions: KubernetesVersions,
  arch: Architecture,
  staging: string,
  context: ArtifactContext,
): Promise<string> {
  const subject = {
    name: 'Kubernetes',
    version: versions.kubernetes,
    key: 'kubernetes',
    otherSources: '`release` or `folder`',
  }
  return await withGo({ source, subject, arch }, context, async (bench) => {
    const { version, program } = bench.go
    const text = `building Kubernetes ${versions.kubernetes} for ${arch} with Go ${version} (${program}): about twelve minutes on two cores`
    context.emit({ kind: 'artifact', text })
    const fetched = await fetchSources(bench, versions)
    if ('kind' in fetched) return fetched
    const { programs } = fetched
    for (const [index, one] of programs.entries()) {
      const about = `compiling ${one.name} for ${arch} (${index + 1} of ${programs.length})`
      context.emit({ kind: 'artifact', text: about })
      const trouble = await buildProgram(bench, one, path.join(staging, one.name))
      if (trouble !== undefined) return trouble
    }
    return undefined
  })
}

/** Uses Kubernetes' own go.mod and go.sum, and flannel's main.go, so these modules are downloaded and verified first. */
async function fetchSources(
  bench: GoBench,
  { kubernetes, coredns, flannel }: KubernetesVersions,
): Promise<ModuleTrouble | { readonly programs: readonly GoProgram[] }> {
  const empty = { 'go.mod': 'module quorate.invalid/fetch\n\ngo 1.21\n' }
  const wanted = [`${KUBERNETES_MODULE}@v${kubernetes}`, `${FLANNEL_MODULE}@v${flannel}`]
  const trouble = await inModule(bench, { name: 'sources', files: empty }, ['mod', 'download', ...wanted])
  if (trouble !== undefined) return trouble
  const modules = moduleFolder(bench)
  const read = async (file: string) => await readFile(path.join(modules, file), 'utf8')
  const [mod, sum, main] = await Promise.all([
    read(`${KUBERNETES_MODULE}@v${kubernetes}/go.mod`),
    read(`${KUBERNETES_MODULE}@v${kubernetes}/go.sum`),
    read(`${FLANNEL_MODULE}@v${flannel}/main.go`),
  ])
  return {
    programs: [
      kubernetesProgram(kubernetes, { mod, sum }),
      corednsProgram(coredns, kubernetes),
      flannelProgram(flannel, main, kubernetes),
      pauseProgram(),
    ],
  }
}
