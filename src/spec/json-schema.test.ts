import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import * as z from 'zod'
import { clusterJsonSchema } from './json-schema.ts'
import { loadCluster } from './parse.ts'

const EXAMPLES = ['kubernetes', 'nine-machines', 'three-nodes']

test('the committed JSON Schema is the one of the code (else: npm run generate)', async () => {
  const made = `${JSON.stringify(clusterJsonSchema(), undefined, 2)}\n`
  await expect(made).toMatchFileSnapshot('../../schema/cluster.schema.json')
})

test('editors read a description at every key, and nothing beyond what the file may have', () => {
  const bare: string[] = []
  const walk = (schema: Record<string, unknown>, path: string): void => {
    const properties = (schema['properties'] ?? {}) as Record<string, Record<string, unknown>>
    for (const [key, inner] of Object.entries(properties)) {
      if (typeof inner['description'] !== 'string') bare.push(`${path}.${key}`)
      for (const branch of [inner, inner['items'], ...((inner['anyOf'] ?? []) as unknown[])]) {
        if (typeof branch === 'object') walk(branch as Record<string, unknown>, `${path}.${key}`)
      }
    }
  }
  walk(clusterJsonSchema(), '')
  expect(bare).toEqual([])
})

test.each(EXAMPLES)(
  'examples/%s.yaml is right, without a warning, by the code and by the JSON Schema',
  async (name) => {
    const url = new URL(`../../examples/${name}.yaml`, import.meta.url)
    const { cluster, warnings } = await loadCluster(url.pathname)
    expect(warnings).toEqual([])
    expect(cluster.name).toBe(name)
    const text = await readFile(url, 'utf8')
    const schema = z.fromJSONSchema(clusterJsonSchema())
    expect(schema.safeParse(parse(text)).error).toBeUndefined()
    expect(schema.safeParse({ ...(parse(text) as object), nodez: [] }).success).toBe(false)
    expect(text.split('\n')[0]).toBe('# yaml-language-server: $schema=../schema/cluster.schema.json')
  },
)

test('the nine machines are those of the seed', async () => {
  const { cluster } = await loadCluster(
    new URL('../../examples/nine-machines.yaml', import.meta.url).pathname,
  )
  expect(cluster.nodes.map((node) => `${node.name} ${node.address} ${node.roles.join()}`)).toEqual([
    'etcd01 198.18.7.11 etcd',
    'etcd02 198.18.7.12 etcd',
    'etcd03 198.18.7.13 etcd',
    'master01 198.18.7.21 master',
    'master02 198.18.7.22 master',
    'worker01 198.18.7.31 worker',
    'worker02 198.18.7.32 worker',
    'worker03 198.18.7.33 worker',
    'service01 198.18.7.41 service',
  ])
  expect(cluster.requirements.worker).toEqual({ cpus: 2, memoryBytes: 4e9, diskBytes: 20e9 })
  expect(cluster.nodes[0]?.ssh.identityFile).toMatch(/\/examples\/\.quorate\/nine-machines\/lab\/id_ed25519$/)
})
