/**
 * Tests recognize an error by its ID, not by its sentence: `expect(run).toFail('CODE/ID', { host, says, fix })`
 * (`test/to-fail.ts`). Only the files below may repeat sentences: `npm run pins` counts them.
 */
import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import { allPins, pinsIn, runsOf } from './pins/pins.ts'

const SUBJECT = 'its subject is the text'

/** Tests that may repeat texts, and why. A test whose subject is the text stands next to its source. */
const EXCEPTED: Readonly<Record<string, string>> = {
  'src/cli/outlet.test.ts': SUBJECT,
  'src/cli/render-availability.test.ts': SUBJECT,
  'src/cli/render-error.test.ts': SUBJECT,
  'src/cli/render-member.test.ts': SUBJECT,
  'src/cli/render-plan.test.ts': SUBJECT,
  'src/cli/render-prune.test.ts': SUBJECT,
  'src/cli/render-status.test.ts': SUBJECT,
  'src/cli/render-upgrade.test.ts': SUBJECT,
  'src/engine/change-tally.test.ts': SUBJECT,
  'src/lab/spec.test.ts': SUBJECT,
  'src/spec/backup.test.ts': SUBJECT,
  'src/spec/check-containerd.test.ts': SUBJECT,
  'src/spec/check-etcd.test.ts': SUBJECT,
  'src/spec/check-kubernetes-networks.test.ts': SUBJECT,
  'src/spec/check-kubernetes-settings.test.ts': SUBJECT,
  'src/spec/check-kubernetes.test.ts': SUBJECT,
  'src/spec/check-load-balancer.test.ts': SUBJECT,
  'src/spec/check-node-marks.test.ts': SUBJECT,
  'src/spec/check-nodes.test.ts': SUBJECT,
  'src/spec/check-pins.test.ts': SUBJECT,
  'src/spec/document.test.ts': SUBJECT,
  'src/spec/init-questions.test.ts': SUBJECT,
  'src/spec/kubernetes-values.test.ts': SUBJECT,
  'src/spec/kubernetes-versions.test.ts': SUBJECT,
  'src/spec/parse.test.ts': SUBJECT,
  'src/tiers/haproxy/plan/configuration.test.ts': 'it has lines of a file of HAProxy',
  'test/architecture.test.ts': 'it has reasons for exceptions, not messages',
  'test/install.test.ts': 'the script speaks for itself',
  'test/pins.test.ts': 'it has an example',
  'test/prose.test.ts': 'it has examples of what the rules find',
  'test/questions.test.ts': 'it answers questions on a terminal, which are texts',
}

const pins = allPins()

test.each(Object.entries(EXCEPTED))('%s may repeat texts: %s', (file, reason) => {
  expect(pins.map((pin) => pin.file)).toContain(file)
  expect(reason !== SUBJECT || existsSync(file.replace('.test.ts', '.ts'))).toBe(true)
})

test('no other test repeats a sentence', () => {
  const others = pins.filter(({ file }) => EXCEPTED[file] === undefined)
  expect(others.map(({ file, line, words }) => `${file}:${line} ${words}`)).toEqual([])
})

test.for<[string, string | undefined]>([
  ["expect(x.stderr).toContain('the node is down today')", 'the node is'],
  ['expect(x.stderr).toMatch(/the node +is(?: not)? down/)', undefined],
  ['expect(x.stderr).toMatch(/etcd0[12]: the node is down/)', 'the node is'],
  ['expect(x.stderr).toContain(`the node is ${state}`)', 'the node is'],
  ['expect(x.stderr).toMatch(new RegExp(`${name}: the node is`))', 'the node is'],
  ["expect(x.stderr).toContain('quorate start the node is')", undefined],
  ["expect(x.stderr).toContain('journalctl -u the node is')", undefined],
  ["expect(x.stderr).toContain('usermod -aG the node is')", undefined],
  ["expect(x.stderr).toContain('ctr -n k8s.io the node is')", undefined],
  ["expect(x.stderr).toContain('etcd02')", undefined],
  ["expect.fail('the node is down')", undefined],
  ["test('the node is down', () => {})", undefined],
  ["test.each([1])('the node is down', () => {})", undefined],
  ["throw new Error('the node is down')", undefined],
])('%s', ([source, words]) => {
  expect(pinsIn('x.test.ts', source, new Set(runsOf('the node is down')))[0]?.words).toBe(words)
})

test('words of other programs are no sentence of quorate', () => {
  expect(runsOf('etcd02: No space left on device')).toEqual([])
})
