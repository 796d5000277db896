/** A change of etcd's version, as part of the planner: which members, and the pause after the first of them. */
import { etcdNodes } from '../../../spec/cluster.ts'
import { presentVersion } from '../facts/present-version.ts'
import type { Scene, Rule } from './rule.ts'

/** Completes 'it was started …'; none: it runs the wanted version, or no change of version was requested. */
export function versionReasons({ intent, observed }: Scene, host: string): readonly string[] {
  const present = presentVersion(observed, host)
  if (intent.upgrade === undefined || present === undefined || present === intent.cluster.etcd.version)
    return []
  return [`as etcd ${present}`]
}

/**
 * One member runs the new version next to the old ones: a problem affects only this member, while a rollback is
 * possible. All members are healthy by now.
 */
export const canary: Rule = ({ intent, observed }) => {
  const facts = observed.cluster
  const { upgrade, cluster } = intent
  if (upgrade === undefined || upgrade.canarySeconds === 0 || facts === undefined || facts.verified) return []
  const { version } = cluster.etcd
  const nodes = etcdNodes(cluster).map(({ name }) => name)
  const upgraded = nodes.filter((name) => facts.versions[name] === version)
  if (upgraded.length === 0 || upgraded.length === nodes.length) return []
  const who = upgraded.join(' and ')
  return [
    {
      kind: 'canary',
      nodes: upgraded,
      seconds: upgrade.canarySeconds,
      what: `watch ${who} for ${upgrade.canarySeconds} s`,
      why: `it runs etcd ${version}, and other members do not yet`,
      danger: 'none',
    },
  ]
}
