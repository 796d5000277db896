/** Kubernetes' keys from the newest backup in a directory of a machine, opened as its recipient would. */
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { openBackup } from '../../../src/backup/open.ts'
import { unseal } from '../../../src/backup/sealing.ts'
import { trustedSigners } from '../../../src/backup/signers.ts'
import type { Machine } from '../../../src/lab/machine.ts'
import type { TestLab } from '../../lab/harness.ts'
import { stateFolder } from '../../lab/support/fresh.ts'

/** @returns the text of `exportKubernetesKeys`; undefined: the backup has none */
export async function openedKeys(
  lab: TestLab,
  { machine, directory, identity }: { machine: Machine; directory: string; identity: string },
): Promise<Record<string, unknown> | undefined> {
  const names = (await machine.check(['ls', directory])).split('\n')
  const name = names.filter((one) => one.endsWith('.age')).at(-1) ?? ''
  const data = Buffer.from(await machine.check(['base64', '-w', '0', `${directory}/${name}`]), 'base64')
  const secret = { kind: 'identities', identities: [identity] } as const
  await using backup = await openBackup(
    { name, data: Readable.from([data]) },
    {
      workDirectory: lab.folder,
      secret: async () => await Promise.resolve(secret),
      signers: await trustedSigners({ stateDirectory: stateFolder(lab) }),
    },
  )
  const sealed = backup.kubernetesKeysSealed
  if (sealed === undefined) return undefined
  return JSON.parse(await text(await unseal(secret, Readable.from([sealed]), 'the keys'))) as Record<
    string,
    unknown
  >
}
