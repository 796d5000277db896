import { expect, test } from 'vitest'
import { temporaryFolder, testContext } from '../test-support.ts'
import { fetchTools } from './tools.ts'

test('where there is no apt, it is said which Kubernetes needs none', async () => {
  const context = await testContext({ environment: { PATH: await temporaryFolder() } })
  await expect(fetchTools('amd64', await temporaryFolder(), context)).rejects.toFail(
    'artifact/tool-is-not-installed',
    {
      says: 'apt-config',
      fix: '(kubernetes.source)',
    },
  )
})
