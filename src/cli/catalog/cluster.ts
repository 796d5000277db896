/** Commands about the cluster as a whole. */
import type { CommandDefinition } from '../command.ts'
import { PROBE_OPTIONS } from './probe-options.ts'

const START_STOPPED = [
  { flags: '--start-stopped', description: 'start members that quorate stop stopped, too' },
]

export const CLUSTER_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'plan',
    group: 'The cluster',
    json: 'value',
    summary: 'what apply would change, host by host',
    description:
      'Changes nothing. Differences in files are shown as diffs; new files in one line, or whole with -v. Exit code 0: nothing to change; 2: changes; 8: blocked, with the reasons.',
    options: [
      {
        flags: '--out <file>',
        value: 'path',
        description: 'write the plan to a file for apply, which refuses it if the hosts have moved since',
      },
      ...START_STOPPED,
    ],
    examples: ['quorate plan', 'quorate plan --out friday.plan && quorate apply friday.plan'],
    load: async () => await import('../commands/plan.ts'),
  },
  {
    name: 'apply',
    group: 'The cluster',
    json: 'events',
    summary: 'bring the machines to what the cluster file says',
    description:
      'Safe to run again at any time: it looks first and does only what is missing, so that a run that was cut off is finished by the next one. It shows the plan first, and asks on a terminal. The first apply passes preflight. A member that `quorate stop` stopped stays stopped. With --json every event is a line on standard output; the last one is `done` or an error (docs/reference/commands.md).',
    arguments: [
      {
        syntax: '[plan]',
        value: 'input-file',
        description: 'a file that `quorate plan --out` wrote: exactly that, or nothing',
        values: 'files',
      },
    ],
    options: [...START_STOPPED, ...PROBE_OPTIONS],
    examples: ['quorate apply', 'quorate apply friday.plan', 'quorate -f prod.yaml apply --json'],
    load: async () => await import('../commands/apply.ts'),
  },
  {
    name: 'adopt',
    group: 'The cluster',
    json: 'value',
    summary: 'take over a cluster that something else set up, without a restart',
    description:
      "For clusters set up by hand, by Kubespray or by kubeadm. Reads what runs over SSH, finds the other members by itself, shows the cluster file and what an apply would change, and asks. Then it writes the file here and quorate's mark on every member (/etc/etcd/cluster-id); nothing else is changed and nothing is restarted. Everything that stands in the way is told at once (exit code 8). The CA's key stays where it is: it is looked for beside the CA's certificate on the members, or named. A cluster without TLS gets a CA, and with the next apply TLS (docs/guides/enable-tls.md).",
    arguments: [
      { syntax: '<machines...>', value: 'destination', description: '[USER@]HOST of at least one member' },
    ],
    options: [
      { flags: '--name <name>', value: 'name', description: "the cluster's name from now on (required)" },
      { flags: '--preview', description: 'show everything, write nothing' },
      {
        flags: '--client-port <n>',
        value: 'port',
        description: 'where several etcd run on a machine: the one that serves clients at this port',
      },
      { flags: '--user <name>', value: 'user', description: 'who logs in over SSH' },
      { flags: '--port <n>', value: 'port', description: "sshd's port" },
      { flags: '--identity-file <path>', value: 'path', description: 'private key for SSH' },
      { flags: '--jump <hosts>', value: 'jump', description: 'go through these hosts (ProxyJump)' },
      {
        flags: '--ca-host <name>',
        value: 'host',
        description: "the machine that has the CA's key, a member or another",
      },
      {
        flags: '--ca-certificate <path>',
        value: 'path',
        description: "the CA's certificate, there or (without --ca-host) here",
      },
      {
        flags: '--ca-key <path>',
        value: 'path',
        description: 'its key, there or here; without one the CA is an offline one',
      },
      {
        flags: '--suite <name>',
        value: 'suite',
        description: "take etcd's binaries from this Debian suite from now on",
      },
      {
        flags: '--path <path>',
        value: 'path',
        description: "or from this folder or archive (default: etcd's own releases)",
      },
    ],
    examples: [
      'quorate adopt --name prod admin@10.0.0.11 --preview',
      'quorate adopt --name prod admin@10.0.0.11',
      'quorate adopt --name prod root@10.0.0.11 --ca-host root-ca-host --ca-certificate /root/ca.crt --ca-key /root/ca.key',
    ],
    load: async () => await import('../commands/adopt.ts'),
  },
  {
    name: 'status',
    group: 'The cluster',
    json: 'value',
    summary: 'health of every member; exit code 0 only if all is well',
    examples: ['quorate status', 'quorate status --json | jq .cluster.healthy', 'watch -n 5 quorate status'],
    load: async () => await import('../commands/status.ts'),
  },
  {
    name: 'probe',
    group: 'The cluster',
    json: 'value',
    summary: 'how the cluster serves a client: gaps, failures, losses',
    description:
      'Writes unique values, reads linearizably and watches, each at a steady rate, as an ordinary client does that tries again on another member. Tells the worst gaps, what failed, whether an acknowledged write was lost, and who led. Touches only keys of its own, which are gone at the end. Exit code 0 if an ordinary client noticed nothing; 1 otherwise. Ctrl-C ends it early with what was measured.',
    options: [
      { flags: '--for <time>', value: 'own', description: 'how long: 30s, 10m, 2h (default: 30s)' },
      {
        flags: '--rate <n>',
        value: 'count',
        description: 'writes a second, and as many reads: 1 to 100 (default: 10)',
      },
      { flags: '--output <file>', value: 'path', description: 'write the report there too, as JSON' },
    ],
    examples: [
      'quorate probe',
      'quorate probe --for 10m --output friday.json',
      'quorate probe --for 5s --json | jq .report.writes.worstGapMs',
    ],
    load: async () => await import('../commands/probe.ts'),
  },
  {
    name: 'etcdctl',
    group: 'The cluster',
    json: 'none',
    summary: "etcd's own tool on a node, with endpoint and TLS filled in",
    description:
      "Runs there as user etcd against that node's member alone. Output passes byte for byte, and the exit code is etcdctl's.",
    arguments: [
      {
        syntax: '[node]',
        description: 'an etcd node; the first that can be reached unless given',
        values: 'etcd-nodes',
      },
    ],
    rest: { syntax: 'ARGUMENTS…', description: "etcdctl's own words" },
    options: [
      { flags: '--api <version>', description: '2 for the v2 API, where it is served', choices: ['2', '3'] },
      { flags: '--stdin', description: 'etcdctl reads standard input' },
    ],
    examples: [
      'quorate etcdctl -- get / --prefix --keys-only',
      'quorate etcdctl etcd02 -- endpoint status -w table',
      'quorate etcdctl --api 2 -- cluster-health',
    ],
    load: async () => await import('../commands/etcdctl.ts'),
  },
  {
    name: 'kubectl',
    group: 'The cluster',
    json: 'none',
    summary: "Kubernetes' own tool on a master, with credentials filled in",
    description:
      "Runs there as root with the administrator's kubeconfig of that master (/etc/kubernetes/admin.conf), which stays there. Without a name the first master whose own API server is ready is taken. Output passes byte for byte, and the exit code is kubectl's.",
    arguments: [
      {
        syntax: '[node]',
        description: 'a master; the first whose API server is ready unless given',
        values: 'nodes',
      },
    ],
    rest: { syntax: 'ARGUMENTS…', description: "kubectl's own words" },
    options: [{ flags: '--stdin', description: 'kubectl reads standard input' }],
    examples: [
      'quorate kubectl -- get nodes -o wide',
      'quorate kubectl master02 -- get pods -A --watch',
      'quorate kubectl --stdin -- apply -f - < deployment.yaml',
    ],
    load: async () => await import('../commands/kubectl.ts'),
  },
  {
    name: 'reset',
    group: 'The cluster',
    json: 'events',
    asksForName: 'always',
    summary: 'take etcd or Kubernetes off nodes, with data moved aside',
    description:
      "Shows what it will do on each machine and asks for the cluster's name first. Data, write-ahead log and TLS files are moved aside beside where they were (with --purge: removed); the unit and its settings are removed; packages, the user etcd and the binaries stay. A single node is reset only if it is no member of the cluster (any more), which the cluster itself is asked; member remove makes it none.\n\nWith --tier kubernetes it takes Kubernetes off its nodes, and never touches etcd's data: pods, their network, kubelets and containerd's configuration; keys and data are moved aside. A single node is drained first, and its Node object deleted. What Kubernetes keeps in etcd stays, unless --remove-objects says otherwise.",
    arguments: [{ syntax: '[node]', description: 'a node; all unless given', values: 'nodes' }],
    options: [
      {
        flags: '--tier <name>',
        value: 'own',
        description: 'what is reset: etcd, kubernetes (default: what the node carries, if that is one)',
      },
      {
        flags: '--remove-objects',
        description: 'with all of Kubernetes: remove what it keeps in etcd (/registry) as well',
      },
      {
        flags: '--purge',
        description: "remove this cluster's data instead of moving it aside: it is gone then",
      },
      {
        flags: '--confirm <name>',
        value: 'own',
        description: "the cluster's name, where there is no terminal to type it on",
      },
    ],
    examples: [
      'quorate reset',
      'quorate reset --purge --confirm my-cluster',
      'quorate reset worker03',
      'quorate reset --tier kubernetes',
    ],
    load: async () => await import('../commands/reset.ts'),
  },
]
