/** Commands about the cluster file alone. They connect to no node. */
import type { CommandDefinition } from '../command.ts'

export const FILE_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'init',
    group: 'The cluster file',
    json: 'value',
    summary: 'Write a commented cluster file',
    description:
      'On a terminal it asks for each value. With options, or without a terminal, it takes the values from the options and uses defaults for the rest. It refuses to overwrite an existing file.',
    // A test compares these with the questions of `init`, so that help doesn't have to load those.
    options: [
      {
        flags: '--out <file>',
        value: 'path',
        description: 'File to write, or - for standard output (default: the file of -f)',
      },
      { flags: '--name <name>', value: 'own', description: 'Name of the cluster' },
      {
        flags: '--etcd <addresses>',
        value: 'own',
        description: 'Addresses of the etcd nodes, or NAME=ADDRESS, separated by commas',
      },
      {
        flags: '--master <addresses>',
        value: 'own',
        description: 'Addresses of the control-plane nodes, in the same form',
      },
      {
        flags: '--worker <addresses>',
        value: 'own',
        description: 'Addresses of the workers, in the same form',
      },
      {
        flags: '--service <addresses>',
        value: 'own',
        description: 'Addresses of the service nodes, in the same form',
      },
      { flags: '--user <name>', value: 'own', description: 'Login user for SSH' },
      { flags: '--identity-file <path>', value: 'own', description: 'Private key for SSH' },
      {
        flags: '--authority <home>',
        description: 'Location of the CA',
        choices: ['local', 'host', 'offline'],
      },
      {
        flags: '--ca-host <name>',
        value: 'own',
        description: 'Name of the CA host (with --authority host)',
      },
      {
        flags: '--ca-certificate <path>',
        value: 'own',
        description: 'CA certificate (with --authority host or offline)',
      },
      { flags: '--ca-key <path>', value: 'own', description: 'CA key on that host (with --authority host)' },
      {
        flags: '--source <kind>',
        description: 'Source of the etcd binaries',
        choices: ['release', 'debian', 'modules', 'file'],
      },
      { flags: '--suite <name>', value: 'own', description: 'Debian suite (with --source debian)' },
      {
        flags: '--path <path>',
        value: 'own',
        description: 'Archive or directory with etcd and etcdctl (with --source file)',
      },
      { flags: '--etcd-version <version>', value: 'own', description: 'Exact version of etcd' },
      { flags: '--network <cidr>', value: 'own', description: 'Pod network for flannel' },
      { flags: '--kubernetes', description: 'Set up Kubernetes on the control-plane nodes and workers' },
      {
        flags: '--kubernetes-version <version>',
        value: 'own',
        description: 'Exact version of Kubernetes (with --kubernetes)',
      },
      {
        flags: '--kubernetes-source <kind>',
        description: 'Source of the Kubernetes binaries (with --kubernetes)',
        choices: ['release', 'modules', 'folder'],
      },
      {
        flags: '--kubernetes-folder <path>',
        value: 'own',
        description: 'Directory or bundle to take Kubernetes from',
      },
      { flags: '--service-network <cidr>', value: 'own', description: 'Service network of Kubernetes' },
      { flags: '--load-balancer <url>', value: 'own', description: "URL of the API servers' load balancer" },
    ],
    examples: [
      'quorate init',
      'quorate init --name prod --etcd 198.18.7.11,198.18.7.12,198.18.7.13 --user admin',
      'quorate init --kubernetes --etcd 198.18.7.11,198.18.7.12,198.18.7.13 --master 198.18.7.21,198.18.7.22 --worker 198.18.7.31 --service 198.18.7.41',
      'quorate init --etcd db1=198.18.7.11 --source debian --suite trixie --out lab.yaml',
    ],
    load: async () => await import('../commands/init.ts'),
  },
  {
    name: 'validate',
    group: 'The cluster file',
    json: 'value',
    summary: 'Check the cluster file and report every problem',
    description:
      'Changes nothing and connects to no node. Each problem is a line: `file:line:column: problem; fix`. Exit code 0 means no errors (there may be warnings), 65 means errors.',
    options: [{ flags: '--schema', description: 'Print the JSON Schema of cluster files, for editors' }],
    examples: [
      'quorate validate',
      'quorate validate --json | jq .problems',
      'quorate validate --schema >cluster.schema.json',
    ],
    load: async () => await import('../commands/validate.ts'),
  },
  {
    name: 'nodes',
    group: 'The cluster file',
    json: 'value',
    summary: 'List the nodes with their addresses, roles and groups',
    description: 'Reads the cluster file only. It connects to no node.',
    examples: ['quorate nodes', "quorate nodes --json | jq -r '.[].name'"],
    load: async () => await import('../commands/nodes.ts'),
  },
]
