/**
 * Every command in README and docs: how it is typed on machines, in the order of a cluster's life; `not-typed.ts` has
 * the rest.
 */
import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { tool } from '../../../src/lab/tool.ts'
import type { TestLab } from '../harness.ts'
import { opensslCa } from './authority.ts'

export interface Typed {
  /** As on the page, without its comment. */
  readonly shown: string
  /** What is typed instead, if the shown command asks a question or refers to another path. */
  readonly as?: string
  /** Default: 0. */
  readonly exitCode?: number
  /** The machine it is typed on; default: this host. */
  readonly on?: string
  readonly before?: (lab: TestLab) => Promise<unknown>
}

const IDENTITY = 'AGE-SECRET-KEY-1L2CQGJL67C0K9ZK4AZ6046HT8MSAKDPL8Y2RXKZ4MJTDNPJLV0KQ5PSFTV'
const RECIPIENT = 'age1r6n0zrcg9nxpmr03rthlpgsh4ltq20a9rr0fekemr94xm8sny3lsqd3nf7'

/** From no cluster file to a removed cluster. A command on several pages is typed once. */
export const LIFE: readonly Typed[] = [
  {
    shown: 'quorate init --name prod --etcd 10.0.0.11,10.0.0.12,10.0.0.13 --user admin',
    as: 'mkdir new && cd new && quorate init --name prod --etcd 10.0.0.11,10.0.0.12,10.0.0.13 --user admin && quorate validate',
  },
  {
    shown:
      'quorate init --name prod --etcd 198.18.9.11,198.18.9.12,198.18.9.13 --user admin --identity-file .quorate/prod/lab/id_ed25519',
    as: 'mkdir practice && cd practice && quorate init --name prod --etcd 198.18.9.11,198.18.9.12,198.18.9.13 --user admin --identity-file .quorate/prod/lab/id_ed25519 && quorate validate',
  },
  { shown: 'quorate validate' },
  { shown: 'quorate nodes' },
  { shown: 'quorate -f site/cluster.yaml nodes', before: async (lab) => await copyToSite(lab) },
  { shown: 'quorate trust', as: 'quorate trust --yes' },
  { shown: 'quorate trust etcd02' },
  { shown: 'quorate trust --replace etcd02' },
  { shown: 'quorate preflight' },
  { shown: 'quorate plan', exitCode: 2 },
  { shown: 'quorate plan --out friday.plan', exitCode: 2 },
  { shown: 'quorate apply friday.plan' },
  { shown: 'quorate apply', as: '[ "$(quorate apply)" = "nothing to change" ]' },
  { shown: 'quorate status' },
  { shown: 'quorate status --json' },
  { shown: 'quorate unlock --preview' },
  { shown: 'quorate unlock' },
  { shown: 'quorate probe', as: 'quorate probe --for 1s' },
  {
    shown: 'quorate probe --for 10m --output friday.json',
    as: 'quorate probe --for 1s --output friday.json && grep -q worstGapMs friday.json',
  },
  { shown: 'quorate probe --for 5s --json', as: 'quorate probe --for 1s --json' },
  { shown: 'quorate run all -- uptime' },
  { shown: 'quorate run all -- date -u' },
  { shown: 'quorate run etcd -- ls -la /etc' },
  { shown: "quorate run all -- sh -c 'df -h / | tail -n 1'" },
  { shown: 'quorate etcdctl -- get / --prefix --keys-only' },
  { shown: 'quorate etcdctl etcd02 -- endpoint status --write-out table' },
  { shown: 'quorate etcdctl -- put greeting hello' },
  { shown: 'quorate etcdctl etcd02 -- get greeting' },
  {
    shown: 'curl --silent http://127.0.0.1:2381/metrics | grep etcd_server_has_leader',
    on: 'etcd01',
  },
  {
    shown: 'quorate etcdctl --stdin -- put greeting < greeting.bin',
    before: async (lab) => await writeFile(path.join(lab.folder, 'greeting.bin'), Buffer.from([0xff, 1])),
  },
  { shown: 'quorate etcdctl etcd01 -- get /coreos.com/network/config' },
  { shown: 'quorate etcdctl etcd01 -- get /coreos.com/network/subnets/ --prefix' },
  { shown: 'quorate etcdctl etcd01 -- del /coreos.com/network/subnets/ --prefix' },
  {
    shown: 'quorate backup',
    as: 'quorate backup --store backups --passphrase-file passphrase',
    before: async (lab) =>
      await writeFile(path.join(lab.folder, 'passphrase'), 'correct horse\n', { mode: 0o600 }),
  },
  {
    shown: 'quorate backup --store /srv/backups --recipient age1…',
    as: `quorate backup --store backups --recipient ${RECIPIENT}`,
  },
  { shown: 'quorate backup --json', as: `quorate backup --json --store backups --recipient ${RECIPIENT}` },
  { shown: 'quorate backup list', as: 'quorate backup list --store backups' },
  {
    shown: 'quorate backup list --all --json',
    as: `quorate backup list --all --json --store backups | grep -q '"caKey": true'`,
  },
  {
    shown: 'quorate backup verify',
    as: 'quorate backup verify "$(ls backups | grep age$ | head -n 1)" --store backups --passphrase-file passphrase',
  },
  {
    shown: 'quorate backup verify --test-restore --identity backup.key',
    as: 'quorate backup verify --test-restore --identity backup.key --store backups',
    before: async (lab) =>
      await writeFile(path.join(lab.folder, 'backup.key'), `${IDENTITY}\n`, { mode: 0o600 }),
  },
  // The first one has a passphrase.
  {
    shown: 'quorate backup verify --all --identity backup.key',
    as: 'quorate backup verify --all --identity backup.key --store backups',
    exitCode: 10,
  },
  { shown: 'quorate backup signers' },
  {
    shown:
      'age --decrypt --identity backup.key prod.bundle.age | zstd --decompress | tar --extract --one-top-level=opened',
    as: 'quorate backup --store open --plaintext && zstd --decompress --stdout open/*.bundle | tar --extract --one-top-level=opened',
  },
  {
    shown:
      'TZ=UTC ssh-keygen -Y verify -f allowed_signers -I operator@prod -n quorate-backup -s opened/SHA256SUMS.sig < opened/SHA256SUMS',
    as: 'TZ=UTC ssh-keygen -Y verify -f .quorate/my-cluster/allowed_signers -I operator@my-cluster -n quorate-backup -s opened/SHA256SUMS.sig < opened/SHA256SUMS',
  },
  { shown: 'head -n 7 opened/SHA256SUMS', as: 'head -n 7 opened/SHA256SUMS | grep "^# signer: operator@"' },
  { shown: 'cd opened && sha256sum --check --strict SHA256SUMS' },
  // Next to the cluster's own state directory, not over it.
  {
    shown: 'mkdir -p .quorate/prod/ca && chmod -R go= .quorate',
    as: 'mkdir -p again/.quorate/prod/ca && chmod -R go= again/.quorate',
  },
  { shown: 'cp opened/cluster.yaml .', as: 'cp opened/cluster.yaml again/' },
  {
    shown: 'cp opened/pki/trust.crt .quorate/prod/ca/ca.crt',
    as: 'cp opened/pki/trust.crt again/.quorate/prod/ca/ca.crt',
  },
  {
    shown: 'cp allowed_signers .quorate/prod/',
    as: 'cp .quorate/my-cluster/allowed_signers again/.quorate/prod/',
  },
  { shown: 'quorate backup signers rotate', as: 'quorate backup signers rotate --yes' },
  { shown: 'quorate repair' },
  // It has no fault.
  { shown: 'quorate repair etcd02' },
  { shown: 'quorate backup prune', as: 'quorate backup prune --store backups --yes' },
  {
    shown: 'quorate backup prune --keep hourly=48,daily=14',
    as: 'quorate backup prune --keep hourly=48,daily=14 --store backups',
  },
  { shown: 'quorate export --prefix /coreos.com/' },
  { shown: 'quorate export -o keys.jsonl' },
  { shown: 'quorate export --range /a /b --revision 5' },
  { shown: 'quorate import keys.jsonl --dry-run' },
  { shown: 'quorate import keys.jsonl --only-missing' },
  {
    shown: 'quorate import keys.jsonl --prefix-from /old/ --prefix-to /new/',
    as: 'quorate export --prefix /coreos.com/ | quorate import - --prefix-from /coreos.com/ --prefix-to /new/ --yes',
  },
  { shown: 'quorate import - < keys.jsonl' },
  {
    shown: 'quorate restore prod-20261122T030000.214Z-r5711.bundle.age --identity backup.key',
    as: 'quorate restore "$(ls backups | grep age$ | tail -n 1)" --store backups --identity backup.key --confirm my-cluster && quorate apply',
  },
  { shown: 'quorate certs list' },
  { shown: 'quorate certs renew' },
  { shown: 'quorate certs renew --older-than 1/2 --yes' },
  { shown: 'quorate certs renew etcd02 --all', as: 'quorate certs renew etcd02 --all --yes' },
  { shown: 'quorate certs rotate-ca --trust-only --yes' },
  { shown: 'quorate certs rotate-ca', as: 'quorate certs rotate-ca --yes' },
  { shown: 'quorate certs rotate-ca --yes' },
  { shown: 'quorate certs rotate-ca --finish --yes' },
  { shown: 'quorate certs rotate-ca --finish', exitCode: 8 },
  { shown: 'quorate certs client apiserver' },
  {
    shown: 'quorate certs client kube-apiserver --out /etc/kubernetes/pki/etcd',
    as: 'quorate certs client kube-apiserver --out etc/kubernetes/pki/etcd',
  },
  { shown: 'quorate certs client anna --days 30' },
  { shown: 'quorate move-leader', as: 'quorate move-leader --yes' },
  { shown: 'quorate move-leader etcd02', as: 'quorate move-leader etcd02 --yes' },
  { shown: 'quorate restart etcd02', as: 'quorate restart etcd02 --yes' },
  { shown: 'quorate restart etcd01 etcd02 etcd03', as: 'quorate restart etcd01 etcd02 etcd03 --yes' },
  { shown: 'quorate stop etcd03', as: 'quorate stop etcd03 --yes' },
  // Then the quorum is lost.
  { shown: 'quorate stop etcd02 --force --confirm my-cluster', exitCode: 1 },
  { shown: 'quorate start etcd03', as: 'quorate start etcd02 etcd03' },
  { shown: 'quorate run etcd --root -- systemctl stop etcd' },
  { shown: 'quorate start --all' },
  { shown: 'quorate recover' },
  // A quorum answers.
  { shown: 'quorate recover --from-survivor', exitCode: 8 },
  { shown: 'quorate recover --from-survivor etcd01 --lost etcd02 etcd03', exitCode: 64 },
  { shown: 'quorate recover --abandon' },
  {
    shown:
      "quorate run etcd03 --root -- sh -c 'systemctl kill --signal KILL etcd; rm -rf /opt/etcd/data /opt/etcd/wal'",
  },
  { shown: 'quorate repair etcd03', as: 'quorate repair etcd03 --yes' },
  { shown: 'quorate member replace etcd02', as: 'quorate member replace etcd02 --yes' },
  { shown: 'quorate member replace etcd02 --recreate 8e9e05c52164694d' },
  { shown: 'quorate member remove etcd03', as: 'quorate member remove etcd03 --yes' },
  {
    shown: 'quorate member add etcd04 --address 198.18.9.14',
    as: 'quorate member add etcd03 --address "$(cat address)" --yes',
    before: async (lab) => await writeFile(path.join(lab.folder, 'address'), lab.machine('etcd03').address),
  },
  { shown: 'quorate quota' },
  { shown: 'quorate compact --keep 1000', as: 'quorate compact --keep 1 --yes' },
  // That revision does not exist yet.
  {
    shown: 'quorate compact --revision 52000 --physical',
    as: 'quorate compact --revision 999999999999 --physical',
    exitCode: 8,
  },
  { shown: 'quorate defrag' },
  { shown: 'quorate defrag --all', as: 'quorate defrag --all --yes' },
  { shown: 'quorate defrag etcd02 --all', as: 'quorate defrag etcd02 --all --yes' },
  { shown: 'quorate alarms' },
  { shown: 'quorate alarms disarm' },
  { shown: 'quorate space reclaim' },
  { shown: 'quorate upgrade --to 3.7.3 --check' },
  { shown: 'quorate upgrade --to 3.7.3', as: 'quorate upgrade --to 3.7.3 --watch 1 --yes' },
  { shown: 'quorate upgrade --abort', as: 'quorate upgrade --abort --yes' },
  // For a member, which is refused, as the page says.
  { shown: 'quorate reset etcd03', exitCode: 8 },
  { shown: 'quorate reset --purge --confirm my-cluster' },
  { shown: 'quorate certs csr --out requests', before: async (lab) => await withOfflineCa(lab) },
  { shown: 'quorate certs import requests', before: async (lab) => await sign(lab) },
  // `apply` once more, with the certificates that were transferred by hand.
  { shown: 'quorate apply', as: 'quorate apply && quorate status' },
  { shown: 'quorate reset', as: 'quorate reset --confirm my-cluster' },
  // That unit no longer exists.
  { shown: 'quorate run etcd -- systemctl status etcd', exitCode: 1 },
  { shown: 'source <(quorate completion bash)' },
  { shown: 'source <(quorate completion zsh)', as: 'quorate completion zsh' },
  { shown: 'quorate completion fish | source', as: 'quorate completion fish' },
  { shown: 'quorate --version' },
]

export const THE_LAB: readonly Typed[] = [
  { shown: 'quorate lab up' },
  { shown: 'quorate lab status' },
  { shown: 'quorate lab down --purge' },
]

async function copyToSite({ folder, clusterFile }: TestLab): Promise<void> {
  await mkdir(path.join(folder, 'site'))
  await copyFile(clusterFile, path.join(folder, 'site', 'cluster.yaml'))
}

/** An offline CA, without any remains of the previous one. */
async function withOfflineCa(lab: TestLab): Promise<void> {
  const { certificate } = await opensslCa(lab.folder, 'offline-ca')
  const state = path.join(lab.folder, '.quorate', 'my-cluster')
  await Promise.all(['ca', 'operator'].map((name) => rm(path.join(state, name), { recursive: true })))
  await lab.writeCluster({ pki: { authority: { offline: { certificate } } } })
}

async function sign({ folder }: TestLab): Promise<void> {
  await tool([
    'sh',
    '-c',
    'cd "$1" && exec sh sign.sh ../offline-ca.crt ../offline-ca.key 20',
    'sign',
    `${folder}/requests`,
  ])
}
