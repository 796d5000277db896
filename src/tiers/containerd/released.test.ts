/** containerd from a release instead of the distribution: what is observed, refused, done and removed. */
import { expect, test } from 'vitest'
import { predictService } from '../../engine/service-steps.ts'
import type { ServicesState } from '../../host/services.ts'
import type { HostState } from '../../host/state.ts'
import { RUNTIME_PROGRAMS } from '../../kubernetes/runtime-parts.ts'
import type { ContainerdSpec } from '../../spec/containerd.ts'
import { FILE, bareHost, sampleCluster } from './containerd.fixture.ts'
import { CONTAINERD, signature } from './files.ts'
import { containerdLooks } from './looks.ts'
import { containerdRefusals } from './refusals.ts'
import { containerdReset } from './reset.ts'
import { containerdSteps } from './steps.ts'
import { containerd } from './tier.ts'

const SPEC: ContainerdSpec = {
  source: { kind: 'release', base: 'https://github.com', proxy: undefined },
  version: '2.3.7',
  runc: '1.5.3',
  cni: '1.9.1',
  crictl: '1.37.0',
}
const cluster = sampleCluster({ containerd: SPEC })
const bare = bareHost('worker01')

const stepsOf = (host: HostState, wanted = cluster) => containerdSteps(wanted, { [host.name]: host })
const afterwards = (host: HostState, wanted = cluster): HostState =>
  stepsOf(host, wanted).reduce(
    (before, step) => ({ ...before, services: predictService(before.services, step) }),
    host,
  )
const refused = (host: HostState, wanted = cluster) =>
  containerdRefusals(wanted, { [host.name]: host }).map(
    ({ id, message, hint }) => `${id}: ${message} -> ${hint}`,
  )
const withServices = (host: HostState, changes: Partial<ServicesState>): HostState => ({
  ...host,
  services: { ...host.services, ...changes } as ServicesState,
})

const released = afterwards(bare)

test('programs come before the unit that starts them, and nothing is left to be done then', () => {
  const steps = stepsOf(bare)
  expect(
    steps.map((step) =>
      step.kind === 'program' ? `${step.product} ${step.version}` : 'path' in step ? step.path : step.kind,
    ),
  ).toEqual([
    'kernel',
    'containerd 2.3.7',
    'runc 1.5.3',
    'cni-plugins 1.9.1',
    'crictl 1.37.0',
    CONTAINERD.unitFile,
    CONTAINERD.configuration,
    'service-load',
    'kubernetes 1.37.2',
    'image',
  ])
  expect(stepsOf(released)).toEqual([])
  expect(containerd.settled(cluster, { worker01: released })).toBe(true)
  expect(refused(released)).toEqual([])
})

test('unit and configuration name the programs of the release', () => {
  const files = released.services?.files
  const unit = files?.[CONTAINERD.unitFile]?.text ?? ''
  expect(unit.split('\n')[0]).toBe(signature('sample'))
  expect(unit).toContain(
    '\nExecStart=/opt/quorate/containerd/2.3.7/containerd --config /etc/containerd/config.toml\n',
  )
  const configuration = files?.[CONTAINERD.configuration]?.text ?? ''
  expect(configuration).toContain('\nversion = 3\n')
  expect(configuration).toContain('\nbin_dirs = ["/opt/quorate/cni-plugins/1.9.1"]\n')
  expect(configuration).toContain('\nBinaryName = "/opt/quorate/runc/1.5.3/runc"\n')
  const old = afterwards(bare, sampleCluster({ containerd: { ...SPEC, version: '1.7.29' } }))
  expect(old.services?.files[CONTAINERD.configuration]?.text).toContain('\nversion = 2\n')
})

test("CNI's plugins get no links: bridge is a program of iproute2 too", () => {
  const links = Object.keys(released.services?.programs?.links ?? {})
  expect(links).toContain('/usr/local/bin/containerd')
  expect(links).toContain('/usr/local/bin/crictl')
  for (const name of RUNTIME_PROGRAMS['cni-plugins']) expect(links).not.toContain(`/usr/local/bin/${name}`)
})

test('another version restarts containerd, and only what differs is installed', () => {
  const newer = sampleCluster({ containerd: { ...SPEC, runc: '1.5.4' } })
  expect(stepsOf(released, newer).map(({ kind }) => kind)).toEqual([
    'program',
    'service-file',
    'service-load',
  ])
  const steps = stepsOf(released, sampleCluster({ containerd: { ...SPEC, version: '2.4.0' } }))
  expect(steps.map((step) => ('path' in step ? step.path : step.kind))).toEqual([
    'program',
    CONTAINERD.unitFile,
    'service-load',
  ])
})

test('the packages that the release replaces are not asked for; with the distribution all are, and one unit is looked for', () => {
  const node = cluster.nodes.find(({ name }) => name === 'worker01')
  if (node === undefined) throw new TypeError('no worker01')
  const packages = containerd.packages(cluster, node)
  expect(packages).toContain('iptables')
  for (const name of ['containerd', 'runc', 'containernetworking-plugins']) {
    expect(packages).not.toContain(name)
    expect(containerd.packages(sampleCluster(), node)).toContain(name)
  }
  const lookedAt = (wanted: typeof cluster) => JSON.stringify(containerdLooks(wanted, node))
  expect(lookedAt(cluster)).toContain('/usr/lib/systemd/system/containerd.service')
  expect(lookedAt(cluster)).toContain('/opt/quorate/cni-plugins/1.9.1/loopback')
  expect(lookedAt(sampleCluster())).not.toContain('/usr/lib/systemd/system/containerd.service')
  expect(lookedAt(sampleCluster())).not.toContain('/opt/quorate/containerd')
})

const withFile = (path: string, text: string) => withServices(bare, { files: { [path]: { ...FILE, text } } })
const withLink = (target: string | null) =>
  withServices(bare, { programs: { files: {}, links: { '/usr/local/bin/runc': target } } })

test.each<[string, HostState, RegExp]>([
  [
    "the distribution's package",
    withFile('/usr/lib/systemd/system/containerd.service', '[Unit]\n'),
    /^containerd-of-the-distribution: .*\(\/usr\/lib\/.*apt-get remove containerd .*source: distribution/,
  ],
  [
    "somebody's unit",
    withFile(CONTAINERD.unitFile, '[Unit]\n'),
    /^file-of-another-tool: \/etc\/systemd\/\S+ .* by quorate,.*mv \/etc\/systemd/,
  ],
  [
    "another cluster's unit",
    withFile(CONTAINERD.unitFile, `${signature('other')}\n`),
    /^file-of-another-tool: \/etc\/systemd\/\S+ .* cluster other,/,
  ],
  [
    "somebody's runc",
    withLink(null),
    /^file-of-another-tool: \/usr\/local\/bin\/runc .* by quorate,.*mv \/usr\/local\/bin\/runc/,
  ],
  [
    "a link to somebody's runc",
    withLink('/opt/else/runc'),
    /^file-of-another-tool: \/usr\/local\/bin\/runc .* by quorate,/,
  ],
])('%s is refused, with what to do', (_what, host, message) => {
  expect(refused(host)).toEqual([expect.stringMatching(message)])
})

test("quorate's own link is not an obstacle", () => {
  expect(refused(withLink('/opt/quorate/runc/1.4.0/runc'))).toEqual([])
})

test('a file that goes back to the distribution is refused while the release is there; a unit of the operator is none', () => {
  expect(refused(released, sampleCluster())).toEqual([
    expect.stringMatching(/^containerd-of-a-release: .*quorate reset worker01 --tier kubernetes/),
  ])
  expect(refused(withFile(CONTAINERD.unitFile, '[Unit]\n'), sampleCluster())).toEqual([])
})

test('reset removes unit, configuration, programs and links, and leaves nothing', () => {
  const steps = containerdReset(cluster, released, 'before-T')
  expect(steps).toMatchObject([
    { kind: 'service-remove', unit: CONTAINERD.unit, paths: [CONTAINERD.configuration, CONTAINERD.unitFile] },
    { kind: 'node-remove', programs: expect.arrayContaining(['/opt/quorate/runc', '/usr/local/bin/ctr']) },
  ])
  const after = steps.reduce(
    (before, step) => ({ ...before, services: predictService(before.services, step) }),
    released,
  )
  expect(containerdReset(cluster, after, 'before-T')).toEqual([])
  expect(after.services?.programs).toEqual({ files: {}, links: {} })
  expect(after.services?.files).toEqual({})
})
