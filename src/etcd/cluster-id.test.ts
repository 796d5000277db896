import { expect, test } from 'vitest'
import { clusterIdOf } from './cluster-id.ts'

test('the ID is the one that etcdutl 3.5.16 and etcdctl 3.4.23 gave a cluster that they restored', () => {
  const urls = [['https://198.18.1.1:2380'], ['https://198.18.1.2:2380']]
  expect(clusterIdOf(urls, 'test-aabb')).toBe('f472cad58f40f19')
  expect(clusterIdOf(urls.toReversed(), 'test-aabb')).toBe('f472cad58f40f19')
  expect(clusterIdOf(urls, 'test-aabc')).not.toBe('f472cad58f40f19')
})
