/** A cluster file to modify, for tests. */
import { expect } from 'vitest'
import { parseClusterFile } from './parse.ts'
import { formatProblem } from './problem.ts'

/** Only three members: valid, without a warning. */
export const GOOD = `name: test
nodes:
  - { name: etcd01, address: 198.18.9.1, roles: [etcd] }
  - { name: etcd02, address: 198.18.9.2, roles: [etcd] }
  - { name: etcd03, address: 198.18.9.3, roles: [etcd] }
etcd:
  version: "3.5.16"
`

/** The problems of a file, one per line. */
export function lines(text: string): string[] {
  return parseClusterFile(text, 'cluster.yaml').problems.map(formatProblem)
}

/** The problems of the valid file with one piece replaced. */
export function changed(from: string, to: string): string[] {
  expect(GOOD).toContain(from)
  return lines(GOOD.replace(from, to))
}

/** The problems of the valid file with more text at its end. */
export function added(text: string): string[] {
  return lines(GOOD + text)
}

/** The smallest file with Kubernetes: valid, without a warning. */
export const NINE = `name: test
nodes:
  - { name: etcd01, address: 198.18.9.11, roles: [etcd] }
  - { name: etcd02, address: 198.18.9.12, roles: [etcd] }
  - { name: etcd03, address: 198.18.9.13, roles: [etcd] }
  - { name: master01, address: 198.18.9.21, roles: [master] }
  - { name: master02, address: 198.18.9.22, roles: [control-plane] }
  - { name: worker01, address: 198.18.9.31, roles: [worker] }
  - { name: worker02, address: 198.18.9.32, roles: [worker] }
  - { name: worker03, address: 198.18.9.33, roles: [worker] }
  - { name: service01, address: 198.18.9.41, roles: [service] }
groups: { edge: [worker01, worker02], far: [worker02, worker03] }
etcd: { version: "3.6.16" }
loadBalancer: { url: "https://service01:6443", managed: true }
kubernetes:
  version: "1.37.2"
`

/** The problems of the nine nodes with these pieces replaced, and with more Kubernetes settings: one per line. */
export function nine(more: string, ...replaced: readonly (readonly [from: string, to: string])[]): string[] {
  const text = replaced.reduce((whole, [from, to]) => {
    expect(whole).toContain(from)
    return whole.replace(from, to)
  }, NINE)
  return lines(`${text}${more === '' ? '' : `  ${more}\n`}`)
}
