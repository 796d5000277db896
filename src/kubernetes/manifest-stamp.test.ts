import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { manifestSource, manifestStamp, readManifestStamp } from './manifest-stamp.ts'

const MANIFEST = 'apiVersion: v1\nkind: Pod\nmetadata:\n  name: kube-scheduler\nstatus: {}\n'
const source = manifestSource('kind: InitConfiguration\n', '1.37.2')
const stamped = MANIFEST + manifestStamp(MANIFEST, source)

test('a manifest says what it was made from', () => {
  expect(readManifestStamp(stamped)).toEqual({ source, intact: true })
})

test('the configuration and the version both count', () => {
  expect(manifestSource('kind: InitConfiguration\n', '1.37.3')).not.toBe(source)
  expect(manifestSource('kind: InitConfiguration \n', '1.37.2')).not.toBe(source)
})

test.each([
  ['a line that was changed', stamped.replace('kube-scheduler', 'other')],
  ['a line that was added', stamped.replace('status', 'spec: {}\nstatus')],
  ['a line that was removed', stamped.replace('status: {}\n', '')],
  ['another sum', stamped.replace(/[0-9a-f]{64}\n$/, `${'0'.repeat(64)}\n`)],
])('%s shows', (_, text) => {
  expect(readManifestStamp(text)).toEqual({ source, intact: false })
})

test.each([
  ['no stamp', MANIFEST],
  ['nothing', ''],
  ['something below the stamp', `${stamped}# by hand\n`],
  ['two stamps of which the last is cut', `${stamped}# quorate: ${source}\n`],
  ['no end of the line', stamped.trimEnd()],
  ['a stamp that is not a line of its own', `a: b ${manifestStamp(MANIFEST, source)}`],
])('%s: nobody knows what it was made from', (_, text) => {
  expect(readManifestStamp(text)).toBeUndefined()
})

test('a machine makes the same line with sha256sum', () => {
  const script = 'printf "# quorate: %s %s\\n" "$1" "$(sha256sum | cut -d " " -f 1)"'
  const made = execFileSync('sh', ['-c', script, 'stamp', source], { input: MANIFEST, encoding: 'utf8' })
  expect(made).toBe(manifestStamp(MANIFEST, source))
})
