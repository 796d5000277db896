/** Commands about the cluster file alone: no machine is touched. */
import type { CommandDefinition } from '../command.ts'

export const FILE_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'init',
    group: 'The cluster file',
    json: 'value',
    summary: 'write a commented cluster file',
    description:
      'On a terminal it asks, question by question. With options, or where there is no terminal, it takes the answers from the options and the defaults for the rest. An existing file is never overwritten.',
    // Kept beside the questions by a test, so that help need not load them.
    options: [
      {
        flags: '--out <file>',
        value: 'path',
        description: 'where to write it; - for standard output (default: the file of -f)',
      },
      { flags: '--name <name>', value: 'own', description: "the cluster's name" },
      {
        flags: '--etcd <addresses>',
        value: 'own',
        description: 'addresses of the etcd nodes, or NAME=ADDRESS, with commas between',
      },
      { flags: '--master <addresses>', value: 'own', description: 'the same for masters' },
      { flags: '--worker <addresses>', value: 'own', description: 'the same for workers' },
      { flags: '--service <addresses>', value: 'own', description: 'the same for service nodes' },
      { flags: '--user <name>', value: 'own', description: 'who logs in over SSH' },
      { flags: '--identity-file <path>', value: 'own', description: 'private key for SSH' },
      {
        flags: '--authority <home>',
        description: 'where the CA lives',
        choices: ['local', 'host', 'offline'],
      },
      {
        flags: '--ca-host <name>',
        value: 'own',
        description: "the CA machine's name (with --authority host)",
      },
      { flags: '--ca-certificate <path>', value: 'own', description: 'the CA certificate (host, offline)' },
      { flags: '--ca-key <path>', value: 'own', description: 'the CA key on that machine (host)' },
      {
        flags: '--source <kind>',
        description: 'where etcd comes from',
        choices: ['release', 'debian', 'modules', 'file'],
      },
      { flags: '--suite <name>', value: 'own', description: 'the Debian suite (with --source debian)' },
      {
        flags: '--path <path>',
        value: 'own',
        description: 'archive or folder with etcd and etcdctl (with --source file)',
      },
      { flags: '--etcd-version <version>', value: 'own', description: 'the exact version' },
      { flags: '--network <cidr>', value: 'own', description: "flannel's network for pods" },
      { flags: '--kubernetes', description: 'set up Kubernetes on the masters and workers too' },
      {
        flags: '--kubernetes-version <version>',
        value: 'own',
        description: 'its exact version (with --kubernetes)',
      },
      {
        flags: '--kubernetes-source <kind>',
        description: 'where Kubernetes comes from (with --kubernetes)',
        choices: ['release', 'modules', 'folder'],
      },
      {
        flags: '--kubernetes-folder <path>',
        value: 'own',
        description: 'folder or bundle with it (with --kubernetes-source folder)',
      },
      { flags: '--service-network <cidr>', value: 'own', description: 'network for its Services' },
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
    summary: 'say all that is wrong with the cluster file, with its place',
    description:
      'Every problem is a line `file:line:column: what; what to write instead`. Exit code 0 if there is no error (warnings may be), 65 otherwise.',
    options: [{ flags: '--schema', description: 'print the JSON Schema of cluster files, for editors' }],
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
    summary: 'the nodes with their addresses, roles and groups',
    examples: ['quorate nodes', "quorate nodes --json | jq -r '.[].name'"],
    load: async () => await import('../commands/nodes.ts'),
  },
]
