/** `certs renew` on simulated machines, whose certificates expire as time passes. */
import { loop } from '../../../src/engine/loop.ts'
import { etcdNodes } from '../../../src/spec/cluster.ts'
import type { Observed } from '../../../src/tiers/etcd/facts/observed.ts'
import { certificateNames } from '../../../src/tiers/etcd/plan/certificates.ts'
import { foresee } from '../../../src/tiers/etcd/plan/plan.ts'
import { ETCD_STEPS } from '../../../src/tiers/etcd/steps/kinds.ts'
import type { Step } from '../../../src/tiers/etcd/steps/steps.ts'
import { type RenewIntent, nextRenewal } from '../../../src/verbs/certificates/decide-renewal.ts'
import { diskOf } from '../world.ts'
import { Refusal, type SimVerb } from './run.ts'
import { VerbViolation } from './violation.ts'
import { lookAtAll, runWave } from './waves.ts'
import type { VerbWorld } from './world.ts'

interface Decided {
  readonly intent: RenewIntent
  readonly observed: Observed
}

/** @param all also certificates that have not expired */
export function renewVerb(
  vw: VerbWorld,
  all: boolean,
  next: typeof nextRenewal = nextRenewal,
): SimVerb<Decided> {
  const { world, cluster } = vw
  const essence = ({ intent }: Decided) =>
    JSON.stringify(intent.due.map(({ host, name, pem }) => [host, name, pem]))
  return {
    decide: () => {
      const observed = lookAtAll(vw, false)
      const due = etcdNodes(cluster).flatMap(({ name: host }) =>
        certificateNames(cluster).flatMap((name) => {
          const pem = observed.hosts[host]?.member?.tls.certificates[name]?.pem
          const expired = diskOf(world, host).tls.certificates.get(name)?.expired ?? true
          return all || expired ? [{ host, name, pem, why: 'it expired' }] : []
        }),
      )
      if (due.length === 0) return undefined
      const intent: RenewIntent = { kind: 'renew', cluster, due }
      const { blocked } = foresee(cluster, observed, (state) => next(intent, state))
      if (blocked.length > 0) throw new Refusal(blocked)
      return { intent, observed }
    },
    same: (shown, now) => essence(shown) === essence(now),
    essence,
    scope: () => cluster.nodes,
    carryOut: async (run, { intent, observed }) => {
      const hosts = new Set(intent.due.map(({ host }) => host))
      await loop<Observed, Step>({
        observed,
        foreseen: { blocked: [] },
        decide: (seen) => next(intent, seen),
        runWave: async (seen, steps) => {
          await runWave(run, seen, steps, ({ kind, host }) => {
            if (kind !== 'key' && kind !== 'certificates')
              throw new VerbViolation('runs-on', `${host}: ${kind}`)
            if (!hosts.has(host)) throw new VerbViolation('as-agreed', `${host} gets certificates`)
          })
          return lookAtAll(vw, false)
        },
        steps: ETCD_STEPS,
        signal: new AbortController().signal,
      })
    },
    checkDone: ({ intent }) => {
      for (const { host, name, pem } of intent.due) {
        const { certificates, keys } = diskOf(world, host).tls
        const certificate = certificates.get(name)
        const wrong = (what: string) =>
          new VerbViolation('done-is-done', `renew: ${name}.crt of ${host} ${what}`)
        if (certificate === undefined || certificate.expired) throw wrong('is not valid')
        if (certificate.key !== keys.get(name)) throw wrong('is not of the key beside it')
        const { [host]: state } = lookAtAll(vw, false).hosts
        if (state?.member?.tls.certificates[name]?.pem === pem) throw wrong('is the one of before')
      }
    },
  }
}
