/** The kubeconfig of a leaf, as it goes to the node. */
import type { Leaf } from './certificates.ts'
import { SLOTS, renderKubeconfig } from './kubeconfig.ts'

/**
 * With slots for what only the node has, or with the paths of its files.
 * @param ca Kubernetes' CA (PEM)
 * @throws TypeError of a leaf without one
 */
export function leafTemplate({ id, place, kubeconfig }: Leaf, ca: string): string {
  if (kubeconfig === undefined) throw new TypeError(`${id} has no kubeconfig`)
  const { server, user } = kubeconfig
  const credentials = place.form === 'joined' ? { file: place.path } : SLOTS
  return renderKubeconfig({ server, user, ca, credentials })
}
