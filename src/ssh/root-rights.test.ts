import { expect, test } from 'vitest'
import { RootRights } from './root-rights.ts'

function rights(meant: string | undefined, asked: string[]): RootRights {
  return new RootRights({
    host: 'etcd02',
    login: { user: 'root', rights: 'sudo-with-password' },
    meant,
    connection: 'q',
    askPassword: async (host) => {
      asked.push(host)
      throw new Error('asked')
    },
    session: async () => {
      throw new Error('nothing is to be run')
    },
    sshArguments: () => [],
  })
}

const command = { argv: ['id'], stdin: undefined }

test('a node that wants a password although the login is root gets none, without a question', async () => {
  const asked: string[] = []
  const refused = rights('root', asked).apply(command, (wire) => wire)
  await expect(refused).rejects.toMatchObject({ code: 'permission', host: 'etcd02' })
  expect(asked).toEqual([])
})

test.each(['ops', undefined])('where the login is %s, it may want one', async (meant) => {
  const asked: string[] = []
  await expect(rights(meant, asked).apply(command, (wire) => wire)).rejects.toThrow('asked')
  expect(asked).toEqual(['etcd02'])
})
