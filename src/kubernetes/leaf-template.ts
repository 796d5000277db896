/** The kubeconfig for a leaf certificate, as it is sent to the node. */
import type { Leaf } from './certificates.ts'
import { SLOTS, renderKubeconfig } from './kubeconfig.ts'

/**
 * With placeholders for what only the node has, or with the paths of its files.
 * @param ca Kubernetes' CA (PEM)
 * @throws TypeError for a leaf without a kubeconfig
 */
export function leafTemplate({ id, place, kubeconfig }: Leaf, ca: string): string {
  if (kubeconfig === undefined) throw new TypeError(`${id} has no kubeconfig`)
  const { server, user } = kubeconfig
  const credentials = place.form === 'joined' ? { file: place.path } : SLOTS
  return renderKubeconfig({ server, user, ca, credentials })
}
