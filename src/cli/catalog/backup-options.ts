/** Options that the commands around backups share. */
import type { CommandDefinition } from '../command.ts'

type Options = NonNullable<CommandDefinition['options']>

export const STORE_OPTION: Options = [
  {
    flags: '--store <where>',
    value: 'own',
    description: 'a folder, or s3://bucket/prefix (default: the cluster file’s)',
  },
]

export const SEAL_OPTIONS: Options = [
  {
    flags: '--recipient <keys...>',
    value: 'recipient',
    description: 'public keys of age that it is for (default: the cluster file’s, else a passphrase)',
  },
  { flags: '--plaintext', description: 'not encrypted, and without the key of the CA' },
]

export const SECRET_OPTION: Options = [
  {
    flags: '--identity <file>',
    value: 'input-file',
    description: 'secret keys of age (default: a passphrase is asked for)',
  },
]

export const SIGNER_OPTIONS: Options = [
  {
    flags: '--signers <file>',
    value: 'input-file',
    description:
      'list of allowed signers, in ssh-keygen’s format (default: allowed_signers in the state directory)',
  },
  {
    flags: '--unsigned',
    description: 'use a backup that is not signed, or whose signature can’t be checked',
  },
]
