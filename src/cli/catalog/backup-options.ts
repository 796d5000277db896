/** Options that the commands around backups share. */
import type { CommandDefinition } from '../command.ts'

type Options = NonNullable<CommandDefinition['options']>

export const STORE_OPTION: Options = [
  {
    flags: '--store <where>',
    value: 'own',
    description: 'Backup location: a directory or s3://bucket/prefix (default: as in the cluster file)',
  },
]

export const SEAL_OPTIONS: Options = [
  {
    flags: '--recipient <keys...>',
    value: 'recipient',
    description: 'age public keys of the recipients (default: as in the cluster file, else a passphrase)',
  },
  { flags: '--plaintext', description: 'Write the backup without encryption and without the CA key' },
]

export const SECRET_OPTION: Options = [
  {
    flags: '--identity <file>',
    value: 'input-file',
    description: 'File with age identities (default: ask for a passphrase)',
  },
]

export const SIGNER_OPTIONS: Options = [
  {
    flags: '--signers <file>',
    value: 'input-file',
    description:
      'List of allowed signers, in ssh-keygen format (default: allowed_signers in the state directory)',
  },
  {
    flags: '--unsigned',
    description: "Accept a backup that is not signed, or whose signature can't be checked",
  },
]
