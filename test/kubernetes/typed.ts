/** Every command about Kubernetes in README and docs: how it is typed on nine machines, in a possible order. */
import { copyFile, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Typed } from '../lab/support/typed.ts'

const EXAMPLE = path.resolve(import.meta.dirname, '../../examples/hello.yaml')

/** On machines after an apply with Kubernetes. */
export const KUBERNETES_LIFE: readonly Typed[] = [
  {
    shown:
      'quorate init --kubernetes --name prod --user admin --etcd 10.0.0.11,10.0.0.12,10.0.0.13 --master 10.0.0.21,10.0.0.22 --worker 10.0.0.31,10.0.0.32,10.0.0.33 --service 10.0.0.41',
    as: 'mkdir new && cd new && quorate init --kubernetes --name prod --user admin --etcd 10.0.0.11,10.0.0.12,10.0.0.13 --master 10.0.0.21,10.0.0.22 --worker 10.0.0.31,10.0.0.32,10.0.0.33 --service 10.0.0.41 && quorate validate',
  },
  { shown: 'quorate kubectl -- get nodes -o wide' },
  {
    shown: 'quorate kubectl --stdin -- apply -f - < hello.yaml',
    before: async ({ folder }) => await writeFile(path.join(folder, 'hello.yaml'), await helloYaml()),
  },
  { shown: 'quorate kubectl -- rollout status deployment/hello --timeout=2m' },
  { shown: 'quorate kubectl -- get pods -l app=hello -o wide' },
  {
    shown: 'curl http://10.0.0.31:30080/',
    as: `curl --noproxy '*' --fail --silent --retry 20 --retry-all-errors --retry-delay 1 "http://$(cat worker):30080/" | grep "Hello from hello-"`,
    before: async (lab) => await writeFile(path.join(lab.folder, 'worker'), lab.machine('worker01').address),
  },
  {
    shown: 'quorate kubectl --stdin -- apply -f - < deployment.yaml',
    before: async ({ folder }) =>
      await copyFile(path.join(folder, 'hello.yaml'), path.join(folder, 'deployment.yaml')),
  },
  // In a separate terminal, created by `script`; the shell gets `exit`. Also where `CI` says that no one answers questions.
  {
    shown: 'quorate kubectl --terminal -- exec -it deployment/hello -- sh',
    as: `printf 'echo on-$((20 + 3))\\nexit 5\\n' | CI=1 script --quiet --return --command 'quorate kubectl --terminal -- exec -it deployment/hello -- sh' /dev/null | tee said; grep on-23 said`,
  },
  // Ends by itself in this test.
  {
    shown: 'quorate kubectl master02 -- get pods -A --watch',
    as: 'quorate kubectl master02 -- get pods -A --watch --request-timeout=2s',
  },
  { shown: 'quorate kubectl -- get events -A --sort-by=.lastTimestamp' },
  { shown: 'quorate kubectl -- describe node worker01' },
  { shown: 'quorate kubectl -- -n kube-system get pods -o wide' },
  { shown: 'quorate kubectl -- -n kube-system logs -l k8s-app=kube-dns --tail=50' },
  { shown: 'quorate kubectl -- -n kube-system logs -l k8s-app=kube-proxy --tail=50' },
  { shown: 'quorate kubectl -- -n kube-flannel get pods -o wide' },
  { shown: 'quorate kubectl -- -n kube-flannel logs -l app=flannel --tail=50' },
  { shown: "quorate kubectl -- get --raw '/readyz?verbose'" },
  { shown: 'quorate kubectl -- -n kube-system get leases' },
  { shown: 'quorate run master -- ctr -n k8s.io tasks ls' },
  { shown: 'quorate run worker01 -- journalctl -u kubelet -n 50 --no-pager' },
  { shown: 'quorate run master -- journalctl -u kubelet -n 50 --no-pager' },
  { shown: 'quorate run worker01 -- journalctl -u containerd -n 50 --no-pager' },
  { shown: 'quorate run worker01 -- systemctl status kubelet containerd --no-pager' },
  { shown: 'quorate run worker -- ip -d link show flannel.1' },
  { shown: 'quorate run worker -- ip route' },
  { shown: 'quorate run worker -- df -h /var/lib/containerd /var/lib/kubelet' },
  { shown: 'quorate run master -- ls -l /etc/kubernetes/manifests' },
  { shown: "quorate run master01 -- sh -c 'tail -n 20 /var/log/pods/kube-system_kube-apiserver-*/*/*.log'" },
  { shown: 'quorate run master01 -- tail -n 5 /var/log/kubernetes/audit/audit.log' },
  { shown: 'quorate run service -- journalctl -u haproxy -n 50 --no-pager' },
  { shown: 'quorate kubectl -- cordon worker01' },
  { shown: 'quorate kubectl -- drain worker01 --ignore-daemonsets --delete-emptydir-data --timeout=2m' },
  { shown: 'quorate kubectl -- uncordon worker01' },
  { shown: 'quorate kubeconfig' },
  { shown: 'quorate kubeconfig --user anna --group developers --days 30 --out anna.conf' },
  {
    shown: 'kubectl --kubeconfig .quorate/prod/kubernetes/users/admin.conf get nodes',
    on: 'service01',
    as: 'kubectl --kubeconfig /root/admin.conf get nodes',
    before: async (lab) => {
      const file = path.join(lab.folder, '.quorate/test/kubernetes/users/admin.conf')
      await lab.machine('service01').writeFile('/root/admin.conf', await readFile(file), { mode: '0600' })
    },
  },
  {
    shown: 'kubectl create clusterrolebinding developers --clusterrole=view --group=developers',
    on: 'service01',
    as: 'kubectl --kubeconfig /root/admin.conf create clusterrolebinding developers --clusterrole=view --group=developers',
  },
  { shown: 'quorate kubectl -- delete deployment/hello service/hello' },
]

/** Commands that are run elsewhere or never, with the reason. */
export const KUBERNETES_NOT_HERE: Readonly<Record<string, string>> = {
  "quorate run all --root -- sh -c 'echo 10.0.0.41 service01 >> /etc/hosts'":
    'nodes of the lab have the name in /etc/hosts already',
  'quorate reset worker03': 'test/kubernetes/reset.test.ts',
  'quorate reset etcd01 --tier kubernetes': 'test/kubernetes/reset.test.ts',
  'quorate reset --tier kubernetes': 'test/kubernetes/reset.test.ts',
  'quorate reset --tier kubernetes --remove-objects': 'test/kubernetes/reset.test.ts',
  'quorate reset --tier etcd': 'as quorate reset, in test/lab/docs.test.ts',
  'quorate bundle create kubernetes.tar': 'test/kubernetes/bundle.test.ts',
  'quorate bundle create --arch amd64,arm64 kubernetes.tar':
    'the same; a Kubernetes for both takes twice twelve minutes',
  'quorate bundle verify kubernetes.tar': 'the same',
  'script/demo --kubernetes': 'nine machines; makes what it needs itself',
  'script/demo --down': 'the same',
  'script/setup --kubernetes': 'what script/demo --kubernetes begins with',
}

/** The example, with the image's name on machines of tests. */
export async function helloYaml(): Promise<string> {
  // Only loaded with a cluster: the pages' own test only reads the lists.
  const { IMAGES } = await import('./built.ts')
  return (await readFile(EXAMPLE, 'utf8')).replace(/image: \S+/, `image: ${IMAGES.probe}`)
}
