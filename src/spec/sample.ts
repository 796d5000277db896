/** A cluster file to change, for tests. */
import { expect } from 'vitest'
import { parseClusterFile } from './parse.ts'
import { formatProblem } from './problem.ts'

/** Three members and nothing else: right, without a warning. */
export const GOOD = `name: test
nodes:
  - { name: etcd01, address: 198.18.9.1, roles: [etcd] }
  - { name: etcd02, address: 198.18.9.2, roles: [etcd] }
  - { name: etcd03, address: 198.18.9.3, roles: [etcd] }
etcd:
  version: "3.5.16"
`

/** What is said about a file, a line each. */
export function lines(text: string): string[] {
  return parseClusterFile(text, 'cluster.yaml').problems.map(formatProblem)
}

/** The good file with one piece replaced. */
export function changed(from: string, to: string): string[] {
  expect(GOOD).toContain(from)
  return lines(GOOD.replace(from, to))
}

/** The good file with more at its end. */
export function added(text: string): string[] {
  return lines(GOOD + text)
}
