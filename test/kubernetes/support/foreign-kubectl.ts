/**
 * Debian's own kubectl, older than the cluster, on a machine outside of Kubernetes: through the load balancer, like a
 * user's.
 */
import type { Machine } from '../../../src/lab/machine.ts'
import { IMAGES } from '../built.ts'

const PROGRAM = '/usr/bin/kubectl'
const PORT = 8080
const SERVING = `mkdir /tmp/www; echo "$NODE" >/tmp/www/index.html; echo "serves on $NODE"; exec httpd -f -p ${PORT} -h /tmp/www`

interface ServingPod {
  readonly name: string
  readonly node: string
  readonly address: string
}

interface Served extends AsyncDisposable {
  readonly pods: readonly ServingPod[]
  /** Address and DNS name of the Service in front of them. */
  readonly address: string
  readonly name: string
  /** The answer that a pod gets from this host. */
  ask(pod: string, host: string): Promise<string>
}

/** @param user only for the kubeconfig's name on the machine */
export async function foreignKubectl(machine: Machine, kubeconfig: string, user = 'admin') {
  const file = `/root/${user}.conf`
  await machine.writeFile(file, kubeconfig, { mode: '0600' })
  const run = async (...args: readonly string[]) =>
    await machine.check([PROGRAM, '--kubeconfig', file, ...args])
  const objects = async <T>(...args: readonly string[]) =>
    (JSON.parse(await run('get', ...args, '-o', 'json')) as { items: T[] }).items

  return {
    run,

    async readyNodes(): Promise<readonly string[]> {
      const nodes = await objects<{
        metadata: { name: string }
        status: { conditions: { type: string; status: string }[] }
      }>('nodes')
      const ready = nodes.filter(({ status }) =>
        status.conditions.some(({ type, status: is }) => type === 'Ready' && is === 'True'),
      )
      return ready.map(({ metadata }) => metadata.name).toSorted()
    },

    /** Creates a pod on each worker, and a Service; removed at the end. */
    async serveOnEachWorker(): Promise<Served> {
      await machine.writeFile('/root/serve.json', JSON.stringify(serving()))
      await run('apply', '-f', '/root/serve.json')
      await run('rollout', 'status', 'daemonset/foreign', '--timeout=2m')
      const pods = await objects<{
        metadata: { name: string }
        spec: { nodeName: string }
        status: { podIP: string }
      }>('pods', '-l', 'app=foreign')
      const address = await run('get', 'service/foreign', '-o', 'jsonpath={.spec.clusterIP}')
      return {
        pods: pods.map(({ metadata, spec, status }) => ({
          name: metadata.name,
          node: spec.nodeName,
          address: `${status.podIP}:${PORT}`,
        })),
        address,
        name: 'foreign.default.svc.cluster.local',
        ask: async (pod, host) =>
          (await run('exec', pod, '--', 'wget', '-q', '-T', '10', '-O', '-', `http://${host}/`)).trim(),
        [Symbol.asyncDispose]: async () =>
          void (await run('delete', '-f', '/root/serve.json', '--timeout=60s', '--cascade=foreground')),
      }
    },
  }
}

function serving(): object {
  const labels = { app: 'foreign' }
  const container = {
    name: 'serve',
    image: IMAGES.probe,
    command: ['sh', '-c', SERVING],
    env: [{ name: 'NODE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } }],
    readinessProbe: { httpGet: { port: PORT }, periodSeconds: 1 },
  }
  // httpd doesn't handle signals.
  const spec = { containers: [container], terminationGracePeriodSeconds: 0 }
  const template = { metadata: { labels }, spec }
  const metadata = { name: 'foreign' }
  const items = [
    {
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      metadata,
      spec: { selector: { matchLabels: labels }, template },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: { selector: labels, ports: [{ port: 80, targetPort: PORT }] },
    },
  ]
  return { apiVersion: 'v1', kind: 'List', items }
}
