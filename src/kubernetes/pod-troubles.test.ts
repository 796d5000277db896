/** What is found in a kubelet's log, and what is ignored. */
import { expect, test } from 'vitest'
import { describePodTrouble, parsePodTroubles } from './pod-troubles.ts'

const said = (error: string, pod = 'kube-system/kube-apiserver-master01') =>
  `E1130 13:00:00.000000   12345 pod_workers.go:1338] "Error syncing pod, skipping" err=${JSON.stringify(error)} pod="${pod}" podUID="1f"`

const PULL =
  'failed to "StartContainer" for "kube-apiserver" with ErrImagePull: "failed to pull and unpack image \\"registry.k8s.io/kube-apiserver:v1.37.99\\": failed to resolve reference: not found"'
const BACK_OFF =
  'failed to "StartContainer" for "kube-apiserver" with ImagePullBackOff: "Back-off pulling image \\"registry.k8s.io/kube-apiserver:v1.37.99\\": ErrImagePull: not found"'
const SANDBOX =
  'failed to "CreatePodSandbox" for "coredns-1_kube-system(1f)" with CreatePodSandboxError: "Failed to create sandbox for pod \\"coredns-1_kube-system(1f)\\": rpc error: code = NotFound desc = failed to start sandbox \\"ab\\": failed to get sandbox image \\"registry.k8s.io/pause:9.9\\": failed to pull image \\"registry.k8s.io/pause:9.9\\": not found"'

test("an image that can't be pulled is named, once per pod, with its latest message", () => {
  const [first, ...more] = parsePodTroubles([said(PULL), 'other', said(BACK_OFF)].join('\n'))
  expect(more).toEqual([])
  expect(first).toMatchObject({
    pod: 'kube-system/kube-apiserver-master01',
    reason: 'ImagePullBackOff',
    image: 'registry.k8s.io/kube-apiserver:v1.37.99',
  })
  expect(first && describePodTrouble(first)).toEqual(
    expect.stringMatching(
      /^kube-system\/kube-apiserver-master01 .*: ImagePullBackOff \(image registry\.k8s\.io\/kube-apiserver:v1\.37\.99\): Back-off pulling image "registry\.k8s\.io\/kube-apiserver:v1\.37\.99": ErrImagePull: not found$/,
    ),
  )
})

test('the image of the sandbox is named too', () => {
  expect(parsePodTroubles(said(SANDBOX, 'kube-system/coredns-1'))).toMatchObject([
    { pod: 'kube-system/coredns-1', reason: 'CreatePodSandboxError', image: 'registry.k8s.io/pause:9.9' },
  ])
})

test('a container that ends again and again is known, and no image is blamed', () => {
  const crash =
    'failed to "StartContainer" for "kube-scheduler" with CrashLoopBackOff: "back-off 10s restarting failed container=kube-scheduler"'
  expect(parsePodTroubles(said(crash))).toMatchObject([{ reason: 'CrashLoopBackOff', image: undefined }])
})

test("a network that does not exist yet is not a pod's fault, and nonsense is ignored", () => {
  const waits = 'network is not ready: container runtime network not ready: NetworkReady=false'
  const odd = said(PULL, 'kube-system/$(reboot)')
  expect(parsePodTroubles([said(waits), odd, '', '"Error syncing pod, skipping" err="'].join('\n'))).toEqual(
    [],
  )
  const [colored] = parsePodTroubles(said('failed to "X" for "y" with Z: "a\u001B[31mb"'))
  expect(colored?.message).not.toContain('\u001B')
})
