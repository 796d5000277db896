/** Commands about the backups that there are: which, whether they are any good, and which may go. */
import type { CommandDefinition } from '../command.ts'
import { STORE_OPTION } from './backup-options.ts'

export const PROOF_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'backup list',
    group: 'Backup and recovery',
    summary: 'the backups in the store, and which are proven restorable',
    description:
      'Newest first: age, size, which member it is from, for whom it is encrypted, whether the key of the CA is in it, when it was last restored for a trial (backup verify --drill), and until when the store locks it. Needs no secret, and opens nothing.',
    options: [...STORE_OPTION, { flags: '--all', description: 'those of other clusters as well' }],
    examples: ['quorate backup list', 'quorate backup list --store /srv/backups --json'],
    load: async () => await import('../commands/backup-list.ts'),
  },
]
