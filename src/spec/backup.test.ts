import { expect, test } from 'vitest'
import { parseClusterFile } from './parse.ts'
import { formatProblem } from './problem.ts'

const RECIPIENT = 'age1r6n0zrcg9nxpmr03rthlpgsh4ltq20a9rr0fekemr94xm8sny3lsqd3nf7'
const SAMPLE = 'age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p'
const HEAD = `name: test
nodes:
  - { name: etcd01, address: 198.18.9.1, roles: [etcd] }
  - { name: etcd02, address: 198.18.9.2, roles: [etcd] }
  - { name: etcd03, address: 198.18.9.3, roles: [etcd] }
  - { name: service01, address: 198.18.9.4, roles: [service] }
etcd:
  version: "3.5.16"
`

function read(backup: string) {
  const { cluster, problems } = parseClusterFile(`${HEAD}backup:\n${backup}`, '/srv/site/cluster.yaml')
  return { backup: cluster?.backup, problems: problems.map(formatProblem) }
}

test('a directory next to the file, and defaults', () => {
  const { backup, problems } = read(
    `  store: { directory: backups }\n  recipients: [${RECIPIENT}]\n  schedule: { keep: { daily: 30 } }\n`,
  )
  expect(problems).toEqual([])
  expect(backup).toEqual({
    store: { kind: 'directory', path: '/srv/site/backups' },
    recipients: [RECIPIENT],
    schedule: {
      node: undefined,
      every: 'hourly',
      keep: { hourly: 24, daily: 30, weekly: 5, monthly: 12 },
    },
  })
})

function bucket(more: string) {
  return read(`  store: { s3: { bucket: etcd-backups, ${more} } }\n`).backup?.store
}

test('a bucket: path-style where there is an endpoint of its own', () => {
  expect(bucket('endpoint: https://198.18.9.4:9000, prefix: /prod/')).toMatchObject({
    kind: 's3',
    prefix: 'prod',
    pathStyle: true,
    region: 'us-east-1',
  })
  expect(bucket('region: eu-central-1')).toMatchObject({ pathStyle: false, endpoint: undefined, prefix: '' })
})

test.each([
  ['  store: {}', /backup\.store is empty/],
  ['  store: { directory: a, s3: { bucket: etcd-backups } }', /it can only be one/],
  ['  store: { s3: { bucket: Etcd/prod } }', /is not a bucket's name.*under prefix/],
  [
    '  store: { s3: { bucket: etcd-backups, endpoint: "https://me:secret@198.18.9.4" } }',
    /a user or password/,
  ],
  ['  store: { s3: { bucket: etcd-backups, prefix: ../up } }', /is not a prefix/],
  ['  recipients: [AGE-SECRET-KEY-1QQQ]', /this is a secret key/],
  [`  recipients: [${SAMPLE}]`, /is a sample key from public documentation.*age-keygen -o backup\.key/],
  [`  recipients: [${SAMPLE.toUpperCase()}]`, /is a sample key/],
  ['  recipients: [YOUR-AGE-PUBLIC-KEY]', /is a placeholder.*age-keygen -o backup\.key/],
  ['  recipients: [ssh-ed25519 AAAA]', /is not a public key of age/],
  [`  schedule: {}\n  recipients: [${RECIPIENT}]`, /there is nowhere to keep them/],
  ['  schedule: {}\n  store: { directory: a }', /a scheduled backup can't ask for a passphrase/],
  [
    `  schedule: { keep: { hourly: 0, daily: 0, weekly: 0, monthly: 0 } }\n  recipients: [${RECIPIENT}]\n  store: { directory: a }`,
    /keeps none/,
  ],
  [
    `  schedule: { node: etcd09 }\n  recipients: [${RECIPIENT}]\n  store: { directory: a }`,
    /etcd09 is not a node/,
  ],
  [
    `  schedule: { every: "daily; reboot" }\n  recipients: [${RECIPIENT}]\n  store: { directory: a }`,
    /not a calendar event/,
  ],
])('%s', (backup, complaint) => {
  const { problems } = read(`${backup}\n`)
  expect(problems.join('\n')).toMatch(complaint)
  expect(problems.join('\n')).not.toMatch(/secret@/)
})
