/** Commands about the cluster as a whole. */
import type { CommandDefinition } from '../command.ts'
import { PROBE_OPTIONS } from './probe-options.ts'

const START_STOPPED = [
  { flags: '--start-stopped', description: 'Also start members that `quorate stop` stopped' },
]

export const CLUSTER_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'plan',
    group: 'The cluster',
    json: 'value',
    summary: 'Show the changes that apply would make',
    description:
      'Changes nothing. Shows the changes of each node; -v also shows the content of new files. Exit code 0 means nothing to change, 2 means changes, 8 means blocked.',
    options: [
      {
        flags: '--out <file>',
        value: 'path',
        description: 'Write the plan to a file for apply, which refuses a stale plan',
      },
      ...START_STOPPED,
    ],
    examples: ['quorate plan', 'quorate plan -v', 'quorate plan --out friday.plan'],
    load: async () => await import('../commands/plan.ts'),
  },
  {
    name: 'apply',
    group: 'The cluster',
    json: 'events',
    summary: 'Apply the cluster file to the nodes',
    description:
      'Shows the plan first, and asks on a terminal. It makes only the changes that are missing. Before the first apply the nodes must pass preflight. It refuses changes that would cost the quorum or data. A member that `quorate stop` stopped stays stopped. With --json each event is one line; the last line is `done` or an error. Safe to interrupt and to rerun.',
    arguments: [
      {
        syntax: '[plan]',
        value: 'input-file',
        description: 'Plan file from `quorate plan --out`; refused if it is stale',
        values: 'files',
      },
    ],
    options: [...START_STOPPED, ...PROBE_OPTIONS],
    examples: ['quorate apply', 'quorate apply friday.plan', 'quorate -f prod.yaml apply --yes --json'],
    load: async () => await import('../commands/apply.ts'),
  },
  {
    name: 'adopt',
    group: 'The cluster',
    json: 'value',
    summary: 'Adopt an existing etcd cluster without a restart',
    description:
      'For clusters set up by hand, by Kubespray or by kubeadm. Reads the configuration over SSH, finds the other members, shows the cluster file and the changes of a later apply, and asks. Then it writes the cluster file, and the cluster ID file (/etc/etcd/cluster-id) on every member. It changes nothing else and restarts nothing. It reports all blockers at once (exit code 8). The CA key stays in place: quorate looks for it next to the CA certificate, or you name it. A cluster without TLS gets a CA now, and TLS with the next apply. Safe to rerun.',
    arguments: [
      { syntax: '<machines...>', value: 'destination', description: '[USER@]HOST of at least one member' },
    ],
    options: [
      { flags: '--name <name>', value: 'name', description: 'Name of the cluster from now on (required)' },
      { flags: '--preview', description: 'Show the result, and write nothing' },
      {
        flags: '--client-port <n>',
        value: 'port',
        description: 'Client port of the etcd to adopt, if several run on a node',
      },
      { flags: '--user <name>', value: 'user', description: 'Login user for SSH' },
      { flags: '--port <n>', value: 'port', description: 'SSH port' },
      { flags: '--identity-file <path>', value: 'path', description: 'Private key for SSH' },
      { flags: '--jump <hosts>', value: 'jump', description: 'Jump hosts, as for ssh -J (ProxyJump)' },
      {
        flags: '--ca-host <name>',
        value: 'host',
        description: 'Host that has the CA key: a member or another host',
      },
      {
        flags: '--ca-certificate <path>',
        value: 'path',
        description: 'CA certificate, on the CA host or (without --ca-host) on the workstation',
      },
      {
        flags: '--ca-key <path>',
        value: 'path',
        description: 'CA key, in the same location; without a key the CA is offline',
      },
      {
        flags: '--suite <name>',
        value: 'suite',
        description: 'Install etcd from this Debian suite from now on',
      },
      {
        flags: '--path <path>',
        value: 'path',
        description: 'Install etcd from this directory or archive (default: etcd releases)',
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
    summary: 'Show the health of the cluster and its members',
    description:
      'Changes nothing. Shows every member, problems with a fix, certificates, backups and Kubernetes. Exit code 0 means healthy, 1 means a known problem; 69, 76 or 77 mean that some members could not be asked.',
    examples: ['quorate status', 'quorate status --json | jq .cluster.healthy', 'watch -n 5 quorate status'],
    load: async () => await import('../commands/status.ts'),
  },
  {
    name: 'probe',
    group: 'The cluster',
    json: 'value',
    summary: 'Measure the availability of the cluster for clients',
    description:
      'Writes unique values, reads linearizably and watches at a steady rate, like a client that retries on another member. Reports the longest unavailability, failed requests, lost acknowledged writes, and the leaders. It uses only its own keys and deletes them at the end. Exit code 0 means no client impact, 1 means impact. Ctrl-C ends it early with the result so far.',
    options: [
      { flags: '--for <time>', value: 'own', description: 'Duration, for example 10m or 2h (default: 30s)' },
      {
        flags: '--rate <n>',
        value: 'count',
        description: 'Writes and reads per second, 1 to 100 (default: 10)',
      },
      { flags: '--output <file>', value: 'path', description: 'Also write the report to this file, as JSON' },
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
    summary: 'Run etcdctl on a node with endpoint and TLS options',
    description:
      'Runs as user etcd against the member of that node only. quorate passes the output and the exit code of etcdctl on unchanged. It does not check what etcdctl changes.',
    arguments: [
      {
        syntax: '[node]',
        description: 'etcd node (default: the first reachable one)',
        values: 'etcd-nodes',
      },
    ],
    rest: { syntax: 'ARGUMENTS…', description: 'Arguments of etcdctl' },
    options: [
      {
        flags: '--api <version>',
        description: 'API version; 2 only if etcd serves the v2 API',
        choices: ['2', '3'],
      },
      { flags: '--stdin', description: 'Send standard input to etcdctl' },
    ],
    examples: [
      'quorate etcdctl etcd02 -- endpoint status -w table',
      'quorate etcdctl -- get / --prefix --keys-only',
      'quorate etcdctl --api 2 -- cluster-health',
    ],
    load: async () => await import('../commands/etcdctl.ts'),
  },
  {
    name: 'kubectl',
    group: 'The cluster',
    json: 'none',
    summary: 'Run kubectl on a control-plane node with credentials',
    description:
      'Runs as root with the kubeconfig of that node (/etc/kubernetes/admin.conf), which stays on the node. quorate passes the output and the exit code of kubectl on unchanged. It does not check what kubectl changes.',
    arguments: [
      {
        syntax: '[node]',
        description: 'Control-plane node (default: the first with a ready API server)',
        values: 'nodes',
      },
    ],
    rest: { syntax: 'ARGUMENTS…', description: 'Arguments of kubectl' },
    options: [
      { flags: '--stdin', description: 'Send standard input to kubectl' },
      { flags: '-t, --terminal', description: 'Attach this terminal, for exec -it and edit' },
    ],
    examples: [
      'quorate kubectl -- get nodes -o wide',
      'quorate kubectl master02 -- get pods -A --watch',
      'quorate kubectl --stdin -- apply -f - < deployment.yaml',
      'quorate kubectl --terminal -- exec -it deployment/hello -- sh',
    ],
    load: async () => await import('../commands/kubectl.ts'),
  },
  {
    name: 'reset',
    group: 'The cluster',
    json: 'events',
    asksForName: 'always',
    summary: 'Uninstall etcd or Kubernetes from nodes, and keep the data',
    description:
      'Data, write-ahead log (WAL) and TLS files are renamed in place, not deleted, unless you give --purge. The unit and its settings are removed. Packages, the user etcd and the binaries stay. Shows the steps of each node and asks for the cluster name. It refuses a single node that is still a member: run `quorate member remove` first. Safe to interrupt and to rerun.\n\nWith --tier kubernetes it removes pods, their network, kubelets and the configuration of containerd; keys and data are renamed. It never touches the data of etcd. A single node is drained first, and its Node object deleted. The objects of Kubernetes stay in etcd unless you give --remove-objects.',
    arguments: [{ syntax: '[node]', description: 'Node to reset (default: all)', values: 'nodes' }],
    options: [
      {
        flags: '--tier <name>',
        value: 'own',
        description: 'What to reset: etcd or kubernetes (default: what the node runs, if it is only one)',
      },
      {
        flags: '--remove-objects',
        description: 'Also delete the objects of Kubernetes in etcd (/registry), if all nodes are reset',
      },
      {
        flags: '--purge',
        description: 'Delete the data instead of renaming it; this is permanent',
      },
      {
        flags: '--confirm <name>',
        value: 'own',
        description: 'Name of the cluster, instead of typing it on a terminal',
      },
    ],
    examples: [
      'quorate reset worker03',
      'quorate reset --tier kubernetes',
      'quorate reset --purge --confirm my-cluster',
    ],
    load: async () => await import('../commands/reset.ts'),
  },
]
