/**
 * Builds etcd on the workstation from its Go modules. Each program is built in a separate module that requires only the
 * program's module, so that its dependencies are exactly those in etcd's own go.mod. `go install` can't do that: it
 * refuses etcd's modules because of their `replace` lines.
 */
import path from 'node:path'
import type { EtcdSource } from '../spec/cluster.ts'
import type { Architecture, ArtifactContext, BinaryName, Fetched } from './artifact.ts'
import { BINARY_NAMES } from './artifact.ts'
import { type GoProgram, buildProgram, withGo } from './go-build.ts'

type ModulesSource = Extract<EtcdSource, { kind: 'modules' }>

const MODULES: Readonly<Record<BinaryName, string>> = {
  etcd: 'go.etcd.io/etcd/server/v3',
  etcdctl: 'go.etcd.io/etcd/etcdctl/v3',
  etcdutl: 'go.etcd.io/etcd/etcdutl/v3',
}

/** Builds the programs into `staging`. */
export async function buildModules(
  source: ModulesSource,
  version: string,
  arch: Architecture,
  staging: string,
  context: ArtifactContext,
): Promise<Fetched> {
  const subject = { name: 'etcd', version, key: 'etcd', otherSources: 'release, debian or file' }
  const origin = await withGo({ source, subject, arch }, context, async (bench) => {
    const { version: goVersion, program } = bench.go
    const text = `building etcd ${version} for ${arch} with Go ${goVersion} (${program}): about two minutes the first time`
    context.emit({ kind: 'artifact', text })
    for (const [index, name] of BINARY_NAMES.entries()) {
      const about = `compiling ${name} ${version} for ${arch} (${index + 1} of ${BINARY_NAMES.length})`
      context.emit({ kind: 'artifact', text: about })
      const trouble = await buildProgram(bench, programOf(name, version), path.join(staging, name))
      if (trouble !== undefined) return trouble
    }
    return undefined
  })
  return { names: BINARY_NAMES, origin }
}

function programOf(name: BinaryName, version: string): GoProgram {
  // Go raises this version to what the module needs, if the toolchain is new enough.
  const file = `module quorate.invalid/build\n\ngo 1.21\n\nrequire ${MODULES[name]} v${version}\n`
  return { name, package: MODULES[name], files: { 'go.mod': file } }
}
