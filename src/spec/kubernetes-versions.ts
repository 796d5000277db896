/**
 * What the cluster file needs to know about Kubernetes' versions. Their components are in `src/kubernetes/versions.ts`.
 */
import semver from 'semver'
import type { Complaint } from './problem.ts'

/** Newest patch of each minor that quorate deploys, oldest minor first; as published in November 2026. */
const NEWEST: Readonly<Record<string, string>> = {
  '1.34': '1.34.13',
  '1.35': '1.35.10',
  '1.36': '1.36.6',
  '1.37': '1.37.2',
}

const MINORS = Object.keys(NEWEST)

/** For new clusters, and in every suggestion of a version. */
export const RECOMMENDED_KUBERNETES = '1.37.2'

/** kubeadm refuses an older external etcd: MinExternalEtcdVersion of its constants, in 1.34 to 1.37. */
const LEAST_ETCD = '3.5.24'

/** `1.37.2`: exact, of a supported minor. */
export function checkKubernetesVersion(text: string): Complaint | undefined {
  const shown = JSON.stringify(text.length > 40 ? `${text.slice(0, 37)}…` : text)
  const parts = /^v?(?<major>\d{1,6})\.(?<minor>\d{1,6})(?:\.(?<patch>\d{1,6}))?(?<rest>[^\d][^]*)?$/.exec(
    text,
  )?.groups
  if (parts === undefined) {
    return {
      message: `${shown} is not a Kubernetes version`,
      hint: `write an exact one, like "${RECOMMENDED_KUBERNETES}"`,
    }
  }
  const minor = `${Number(parts['major'])}.${Number(parts['minor'])}`
  const newest = newestPatch(minor)
  if (newest === undefined) {
    return {
      message: `Kubernetes ${minor} is not supported: quorate deploys ${MINORS[0]} to ${MINORS.at(-1)}`,
      hint: `write one of those, like "${RECOMMENDED_KUBERNETES}"`,
    }
  }
  if (parts['patch'] === undefined) {
    return {
      message: `${shown} is not an exact version: all nodes must run the same one, today and tomorrow`,
      hint: `write all three numbers, like "${newest}"`,
    }
  }
  const exact = `${minor}.${Number(parts['patch'])}`
  if (exact === text) return undefined
  const message =
    parts['rest'] === undefined
      ? `${shown} is not an exact version: three numbers, nothing around them`
      : `${shown} is not a release: quorate deploys only releases, not release candidates`
  return { message, hint: `write "${exact}"` }
}

/** `1.37` for a version that `checkKubernetesVersion` accepts. */
export function kubernetesMinor(version: string): string {
  return version.split('.').slice(0, 2).join('.')
}

/** What an unquoted `1.36` should have been. */
export function exampleKubernetesVersion(number: number): string {
  return newestPatch(String(number)) ?? RECOMMENDED_KUBERNETES
}

/** Why Kubernetes can't use this etcd; undefined: it can. Takes a version that `checkVersion` accepts. */
export function checkEtcdForKubernetes(version: string): Complaint | undefined {
  if (semver.gte(version, LEAST_ETCD)) return undefined
  return {
    message: `etcd ${version} is too old for Kubernetes: kubeadm wants ${LEAST_ETCD} or newer, and refuses before it changes anything`,
    hint: `write ${LEAST_ETCD} or newer`,
  }
}

function newestPatch(minor: string): string | undefined {
  return Object.hasOwn(NEWEST, minor) ? NEWEST[minor] : undefined
}
