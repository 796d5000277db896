import { expect, test } from 'vitest'
import { cgroupDriver } from '../../kubernetes/cgroup-driver.ts'
import { cniDirectory, containerdConfiguration, containerdVersion } from './configuration.ts'
import { bareHost, sampleCluster } from './containerd.fixture.ts'

const SETTINGS = {
  cluster: 'sample',
  version: { major: 1, minor: 7 },
  sandboxImage: 'registry.k8s.io/pause:3.10.2',
  cgroupDriver: 'systemd',
  cniDirectory: '/usr/lib/cni',
  restrictOomScore: false,
} as const

test('containerd 1 gets its sandbox image under another key than containerd 2', () => {
  const old = containerdConfiguration(SETTINGS)
  expect(old).toContain('\nversion = 2\n')
  expect(old).toContain('\nsandbox_image = "registry.k8s.io/pause:3.10.2"\n')
  expect(old).toContain('\nbin_dir = "/usr/lib/cni"\n')
  const recent = containerdConfiguration({ ...SETTINGS, version: { major: 2, minor: 3 } })
  expect(recent).toContain('\nversion = 3\n')
  expect(recent).toContain('.pinned_images]\nsandbox = "registry.k8s.io/pause:3.10.2"\n')
  // Only one of both is allowed, and the list exists from 2.1 on.
  expect(recent).toContain('\nbin_dirs = ["/usr/lib/cni"]\n')
  expect(recent).not.toContain('bin_dir =')
  expect(containerdConfiguration({ ...SETTINGS, version: { major: 2, minor: 0 } })).toContain('\nbin_dir = ')
})

test.each([1, 2])('what only some machines need, of containerd %i', (major) => {
  const version = { major, minor: 7 }
  const usual = containerdConfiguration({ ...SETTINGS, version })
  expect(usual).toContain('SystemdCgroup = true')
  expect(usual).not.toContain('restrict_oom_score_adj')
  const other = containerdConfiguration({
    ...SETTINGS,
    version,
    cgroupDriver: 'cgroupfs',
    restrictOomScore: true,
  })
  expect(other).toContain('SystemdCgroup = false')
  expect(other).toContain('restrict_oom_score_adj = true')
})

test.each([
  ['debian', '13', undefined, 1],
  ['debian', '13', '1.7.24~ds1-6+b4', 1],
  ['debian', '13', '2.1.9-1', 2],
  ['debian', '14', undefined, 2],
  ['debian', 'unknown', undefined, 2],
  ['ubuntu', '24.04', undefined, 1],
])('%s %s with containerd %s has its major %i', (id, version, installed, major) => {
  const packageVersions = installed === undefined ? {} : { containerd: installed }
  expect(containerdVersion({ ...bareHost('worker01'), os: { id, version }, packageVersions }).major).toBe(
    major,
  )
})

const of = (id: string, plugins?: string) =>
  cniDirectory({ ...bareHost('worker01', { plugins }), os: { id, version: '1' } })

test("CNI's plugins are where they lie, and before that where the distribution will have them", () => {
  expect(['debian', 'arch', 'fedora', 'rocky', 'flatcar'].map((id) => of(id))).toEqual([
    '/usr/lib/cni',
    '/usr/lib/cni',
    '/usr/libexec/cni',
    '/usr/libexec/cni',
    '/opt/cni/bin',
  ])
  expect(of('debian', '/opt/cni/bin')).toBe('/opt/cni/bin')
})

test('systemd makes the control groups, but where it has none to give, or where the cluster file says otherwise', () => {
  const { kubernetes } = sampleCluster()
  const v1 = { version: 1, controllers: [] } as const
  const asked = sampleCluster({ kubelet: { configuration: { cgroupDriver: 'cgroupfs' } } }).kubernetes
  expect(cgroupDriver(kubernetes, { cgroup: { ...v1, version: 2 }, container: 'lxc' })).toBe('systemd')
  expect(cgroupDriver(kubernetes, { cgroup: v1, container: undefined })).toBe('systemd')
  expect(cgroupDriver(kubernetes, { cgroup: v1, container: 'systemd-nspawn' })).toBe('cgroupfs')
  expect(cgroupDriver(asked, { cgroup: { ...v1, version: 2 }, container: undefined })).toBe('cgroupfs')
})
