/** Compares the cluster file's own settings with the target version: an unknown name would be lost silently. */
import { settingFaults } from './settings.ts'
import { type UpgradeFacts, type UpgradeProblem, blocker } from './upgrade-facts.ts'
import { knownFlags } from './versions.ts'

export function settingProblems({ to, members, etcd }: UpgradeFacts): readonly UpgradeProblem[] {
  const versions = members.flatMap(({ running }) => (running === undefined ? [] : [running]))
  return settingFaults(to, etcd.settings).map(({ name, kind, message, hint, instead }) =>
    kind === 'unknown'
      ? blocker({
          id: 'unknown-setting',
          message: `etcd ${to} has no setting '${name}': the cluster file sets it (etcd.settings.${name}), without effect`,
          hint: wayOut(name, instead, versions),
        })
      : blocker({
          id: 'unfit-setting',
          message: `${message} (etcd.settings.${name})`,
          hint: `${hint}, then apply, then upgrade`,
        }),
  )
}

/** A name that the current version also knows can be changed before; any other only after. */
function wayOut(name: string, instead: string | undefined, versions: readonly string[]): string {
  if (instead === undefined) return `remove ${name} from the cluster file and apply, then upgrade`
  const [flag = ''] = instead.split('=')
  const knownNow = versions.every((version) => knownFlags(version).has(flag))
  return knownNow
    ? `write ${instead} in its place and apply, then upgrade`
    : `remove ${name} from the cluster file and apply, then upgrade, then write ${instead} and apply`
}
