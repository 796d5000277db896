/** When waiting for Kubernetes ends early, when not, and what is reported in the meantime. */
import { expect, test } from 'vitest'
import type { RunEvent } from '../../engine/events.ts'
import { sampleKubernetesCluster } from '../../spec/sample-kubernetes.ts'
import { nodesWith } from '../../spec/cluster.ts'
import { QuorateError } from '../../errors.ts'
import { watchPods } from './watch-pods.ts'

const [master] = nodesWith(sampleKubernetesCluster(), 'master')

const said = (reason: string, message: string) =>
  `"Error syncing pod, skipping" err=${JSON.stringify(`failed to "StartContainer" for "c" with ${reason}: ${JSON.stringify(message)}`)} pod="kube-system/c-master01"`
const PULL = said('ErrImagePull', 'failed to pull image "registry.k8s.io/c:v9": not found')
const BACK_OFF = said('ImagePullBackOff', 'Back-off pulling image "registry.k8s.io/c:v9"')

/** A kubelet whose log is `log`, and a clock that advances by 10 s for each check. */
function watched(log: (seconds: number) => string | undefined) {
  let seconds = 0
  const events: RunEvent[] = []
  const remote = async () => {
    const stdout = log(seconds)
    if (stdout === undefined) throw new QuorateError('unreachable', 'no route')
    return {
      host: 'master01',
      user: 'root',
      run: async () =>
        await Promise.resolve({ host: 'master01', stdout, stderr: '', exitCode: 0, durationMs: 1 }),
      forward: async () => await Promise.reject(new Error('no')),
      attach: async () => await Promise.reject(new Error('no terminal')),
      close: async () => await Promise.resolve(),
    }
  }
  const session = {
    remote,
    emit: (event: RunEvent) => void events.push(event),
    signal: new AbortController().signal,
  }
  const pods = watchPods(session, master === undefined ? [] : [master], () => seconds * 1000)
  const until = async (end: number) => {
    for (; seconds <= end; seconds += 10) await pods.look()
  }
  return { until, pods, events, at: () => seconds }
}

test('an image that stays missing ends the wait within 90 seconds, and is named with its pod', async () => {
  const { until, at, events, pods } = watched((seconds) => (seconds % 20 === 0 ? PULL : BACK_OFF))
  await expect(until(600)).rejects.toFail('kubernetes/pod-does-not-start', {
    host: 'master01',
    says: /^kube-system\/c-master01 .*registry\.k8s\.io\/c:v9/,
    fix: 'ctr -n k8s.io images pull registry.k8s.io/c:v9',
  })
  expect(at()).toBeLessThanOrEqual(90)
  expect(events).toHaveLength(1)
  expect(pods.troubles()).toEqual([expect.stringMatching(/^master01: kube-system\/c-master01 /)])
})

test('where images are never pulled it ends at once', async () => {
  const { until, at } = watched(() =>
    said('ErrImageNeverPull', 'Container image "quorate.lab/c:v9" is not present'),
  )
  await expect(until(600)).rejects.toFail('kubernetes/pod-does-not-start', {
    says: 'quorate.lab/c:v9',
  })
  expect(at()).toBe(20)
})

test('one that comes after a while, a container that ends again and a machine that is away are waited for', async () => {
  const registry = watched((seconds) => (seconds < 70 ? PULL : ''))
  await registry.until(600)
  expect(registry.pods.troubles()).toEqual([])
  const crashes = watched(() => said('CrashLoopBackOff', 'back-off 10s'))
  await crashes.until(600)
  expect(crashes.events).toHaveLength(1)
  await watched(() => undefined).until(600)
})
