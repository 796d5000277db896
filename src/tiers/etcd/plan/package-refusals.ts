/** Packages that are missing where quorate can't install any: said before anything is changed. */
import type { Cluster } from '../../../spec/cluster.ts'
import { installCommand, installsPackages } from '../../../spec/package-names.ts'
import { plural } from '../../../spec/units.ts'
import type { Observed } from '../facts/observed.ts'
import type { BlockReason } from '../../../engine/step.ts'

export function packageRefusals({ nodes, packages }: Cluster, { hosts }: Observed): readonly BlockReason[] {
  return nodes.flatMap(({ name: host }): BlockReason[] => {
    const state = hosts[host]
    if (state === undefined || installsPackages(state.installer)) return []
    const missing = packages.filter((name) => !state.packages.includes(name))
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
