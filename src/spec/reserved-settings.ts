/** etcd's flags that `etcd.settings` can't have: quorate sets them itself, or they would break its guarantees. */

const REASONS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    name: "it is the node's name, or its etcdName",
    'data-dir': 'it is etcd.dataDirectory',
    'wal-dir': 'it is etcd.walDirectory',
    'enable-v2': 'it is etcd.enableV2',
    'config-file': 'etcd would ignore every other setting',
    'force-new-cluster': 'it makes a member forget all others',
    'strict-reconfig-check': 'quorate keeps it on, so that no change of members can cost the quorum',
    'auto-tls': 'certificates come from the CA under pki',
    'peer-auto-tls': 'certificates come from the CA under pki',
    'client-cert-auth': 'quorate keeps it on: without it, anyone can read the keyspace',
    'peer-client-cert-auth': 'quorate keeps it on: without it, anyone can become a peer',
    proxy: 'quorate runs members, not proxies',
  }),
)

const PATTERNS: readonly (readonly [RegExp, string])[] = [
  [/^initial-(?!election-tick-advance$)/, 'quorate writes it when members start for the first time'],
  [/^(experimental-)?initial-corrupt-check$/, 'quorate keeps it on'],
  [
    /^(?!listen-(metrics|client-http)-urls$).*-urls$/,
    'URLs follow from address, etcd.clientPort and etcd.peerPort',
  ],
  [/(cert|key|ca|crl)-file$/, 'certificates are put in place by quorate, as pki says'],
  [/^discovery/, 'the members are the nodes of this file'],
  [/^proxy-/, 'quorate runs members, not proxies'],
]

/** Why quorate reserves this flag (without dashes); undefined: it is free. */
export function reservedBecause(flag: string): string | undefined {
  return REASONS.get(flag) ?? PATTERNS.find(([pattern]) => pattern.test(flag))?.[1]
}
