/**
 * Checks whose initial-cluster-token it is. `<cluster name>-<hexadecimal>`: no dash in the second part, so that the cluster `a`
 * never takes the members of `a-b` for its own.
 */
export function isTokenOf(clusterName: string, token: string | undefined): boolean {
  if (token === undefined || !token.startsWith(`${clusterName}-`)) return false
  return /^[0-9a-f]+$/.test(token.slice(clusterName.length + 1))
}
