/** Packages that are missing where quorate can't install any: said before anything is changed. */
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
        message: `${list} ${plural(missing.length, 'is', 'are')} not installed, and quorate installs packages with apt-get only`,
        hint: `on ${host}: ${installCommand(state.installer, missing)}; or remove ${list} from packages in the cluster file`,
      },
    ]
  })
}
