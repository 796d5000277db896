/**
 * Checks whether the load balancer reaches the API servers while nodes are waited for. Without it, no worker's kubelet,
 * and no pod of kube-proxy and flannel, finds an API server. Then it makes no sense to wait for them as long as for
 * slow nodes.
 */
import { QuorateError } from '../../errors.ts'
import type { TierSession } from '../../engine/tier.ts'
import type { KubernetesFacts } from '../../kubernetes/api-facts.ts'
import { type Cluster, nodesWith } from '../../spec/cluster.ts'
import { controlPlaneEndpoint } from '../../spec/kubernetes.ts'
import { balancerTrouble } from './plan/unready.ts'

/** A ready API server gets connections within two seconds; on slow nodes later. */
const WARNING_MS = 10_000
const GIVEN_UP_MS = 60_000

export class BalancerWatch {
  readonly #cluster: Cluster
  readonly #session: Pick<TierSession, 'emit' | 'now'>
  #since: number | undefined
  #reported = false

  constructor(cluster: Cluster, session: Pick<TierSession, 'emit' | 'now'>) {
    this.#cluster = cluster
    this.#session = session
  }

  /**
   * @param left what is waited for
   * @throws QuorateError once the balancer has reached no API server for a minute, although one was ready
   */
  see(api: KubernetesFacts, left: readonly string[]): void {
    const trouble = balancerTrouble(api)
    if (trouble === undefined) {
      this.#since = undefined
      this.#reported = false
      return
    }
    const now = this.#session.now().getTime()
    this.#since ??= now
    const waited = now - this.#since
    const { host, port } = controlPlaneEndpoint(this.#cluster)
    const text = `the load balancer ${host}:${port} does not lead to the API servers, which are ready: ${trouble}`
    if (waited >= GIVEN_UP_MS) {
      throw new QuorateError('kubernetes', `${text}; workers find them by nothing else: ${left.join('; ')}`, {
        id: 'load-balancer-leads-nowhere',
        hint: `${this.#whereToLook()}; then rerun quorate apply to continue`,
      })
    }
    if (waited < WARNING_MS || this.#reported) return
    this.#reported = true
    this.#session.emit({
      type: 'warning',
      text: `${text}; nodes that need it are waited for, for a minute in all`,
    })
  }

  #whereToLook(): string {
    if (this.#cluster.loadBalancer === undefined)
      return 'check your load balancer, which quorate does not manage'
    const nodes = nodesWith(this.#cluster, 'service').map(({ name }) => name)
    return `on ${nodes.join(' and ')}: journalctl -u haproxy -n 50, and a firewall may be in the way`
  }
}
