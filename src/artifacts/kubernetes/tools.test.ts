import { expect, test } from 'vitest'
import { temporaryFolder, testContext } from '../test-support.ts'
import { fetchTools } from './tools.ts'

test('where there is no apt, it is said which Kubernetes needs none', async () => {
  const context = await testContext({ environment: { PATH: await temporaryFolder() } })
  await expect(fetchTools('amd64', await temporaryFolder(), context)).rejects.toMatchObject({
    code: 'artifact',
    message: expect.stringContaining(
      "apt-config, which reads Debian's archive, is not installed on the workstation",
    ),
    hint: expect.stringContaining('or use a release or a bundle (kubernetes.source)'),
  })
})
