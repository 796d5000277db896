/** All commands, in the order in which help lists them; then those under their older names. */
import { BACKUP_COMMANDS } from './catalog/backups.ts'
import { BUNDLE_COMMANDS } from './catalog/bundles.ts'
import { CERTIFICATE_COMMANDS } from './catalog/certificates.ts'
import { CLUSTER_COMMANDS } from './catalog/cluster.ts'
import { FILE_COMMANDS } from './catalog/file.ts'
import { KUBERNETES_COMMANDS } from './catalog/kubernetes.ts'
import { MACHINE_COMMANDS } from './catalog/machines.ts'
import { MEMBER_COMMANDS } from './catalog/members.ts'
import { MORE_COMMANDS } from './catalog/more.ts'
import { UPGRADE_COMMANDS } from './catalog/upgrade.ts'
import { UPKEEP_COMMANDS } from './catalog/upkeep.ts'
import type { CommandDefinition } from './command.ts'

const PRESENT: readonly CommandDefinition[] = [
  ...FILE_COMMANDS,
  ...MACHINE_COMMANDS,
  ...CLUSTER_COMMANDS,
  ...MEMBER_COMMANDS,
  ...UPGRADE_COMMANDS,
  ...BUNDLE_COMMANDS,
  ...UPKEEP_COMMANDS,
  ...BACKUP_COMMANDS,
  ...CERTIFICATE_COMMANDS,
  ...KUBERNETES_COMMANDS,
  ...MORE_COMMANDS,
]

export const COMMANDS: readonly CommandDefinition[] = [...PRESENT, ...PRESENT.flatMap(underFormerName)]

function underFormerName(definition: CommandDefinition): readonly CommandDefinition[] {
  const { formerly } = definition
  return formerly === undefined ? [] : [{ ...definition, name: formerly, formerly: undefined, hidden: true }]
}
