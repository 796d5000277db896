/** Missing packages on nodes where quorate can't install packages, reported before any change. */
import { installCommand, installsPackages } from '../../../spec/package-names.ts'
import { plural } from '../../../spec/units.ts'
import type { ApplyIntent } from './intent.ts'
import { packagesFor } from '../../../host/needs.ts'
import type { Observed } from '../facts/observed.ts'
import type { BlockReason } from '../../../engine/step.ts'

export function packageRefusals(
  { cluster, beside }: Pick<ApplyIntent, 'cluster' | 'beside'>,
  { hosts }: Observed,
): readonly BlockReason[] {
  return cluster.nodes.flatMap((node): BlockReason[] => {
    const { name: host } = node
    const state = hosts[host]
    if (state === undefined || installsPackages(state.installer)) return []
    const missing = packagesFor(cluster, node, beside).filter((name) => !state.packages.includes(name))
    if (missing.length === 0) return []
    const list = missing.join(', ')
    return [
      {
        host,
        message: `${plural(missing.length, 'package is', 'packages are')} not installed: ${list} (quorate installs packages only with apt-get)`,
        hint: `install ${plural(missing.length, 'it', 'them')} on ${host}: ${installCommand(state.installer, missing)}; or remove ${list} from \`packages\` in the cluster file`,
      },
    ]
  })
}
