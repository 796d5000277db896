/** IP addresses as a cluster file may have them. */
import { isIP, isIPv4 } from 'node:net'
import ipaddr from 'ipaddr.js'
import type { Complaint } from './problem.ts'

/** The canonical form of an address, so that two spellings of an IPv6 address compare equal. Takes a valid address. */
export function normalAddress(address: string): string {
  return ipaddr.parse(address).toNormalizedString()
}

const UNFIT: Readonly<Record<string, string>> = {
  loopback: 'is a loopback address: every node has it, and no other can reach it',
  multicast: 'is a multicast address: it belongs to a group of nodes, not to one',
  unspecified: 'means "any address": nothing can connect to it',
  broadcast: 'is the broadcast address: it belongs to every node',
  linkLocal: 'is a link-local address: it means something else on every network card',
  ipv4Mapped: 'is an IPv4 address in IPv6 clothes: certificates and etcd treat it as another one',
}

/** Why this can't be the address of a node; undefined: it can. */
export function checkAddress(text: string): Complaint | undefined {
  if (isIP(text) === 0) return notAnAddress(text)
  if (text.includes('%')) {
    return { message: `"${text}" has a zone`, hint: 'write an address that all nodes can reach, without %' }
  }
  const parsed = ipaddr.parse(text)
  const why = UNFIT[parsed.range()]
  if (why === undefined) return undefined
  const hint =
    parsed instanceof ipaddr.IPv6 && parsed.isIPv4MappedAddress()
      ? `write ${parsed.toIPv4Address().toString()}`
      : 'write the address by which the other nodes reach this one'
  return { message: `"${text}" ${why}`, hint }
}

function notAnAddress(text: string): Complaint {
  const bracketed = /^\[(?<inner>.*)\](?::(?<port>\d+))?$/.exec(text)?.groups
  if (bracketed?.['inner'] !== undefined && isIP(bracketed['inner']) !== 0) {
    const what = bracketed['port'] === undefined ? 'brackets' : 'brackets and a port'
    return {
      message: `"${text}" has ${what}: only an address is expected`,
      hint: `write ${bracketed['inner']}`,
    }
  }
  const port = /^(?<host>[^:]+):\d+$/.exec(text)?.groups?.['host']
  if (port !== undefined && isIPv4(port)) {
    return {
      message: `"${text}" has a port: only an address is expected`,
      hint: `write ${port}; ports are ssh.port, etcd.clientPort and etcd.peerPort`,
    }
  }
  const prefix = /^(?<host>.+)\/\d+$/.exec(text)?.groups?.['host']
  if (prefix !== undefined && isIP(prefix) !== 0) {
    return { message: `"${text}" is a network, but one address is expected`, hint: `write ${prefix}` }
  }
  if (/^(?=.*[a-z])[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(text)) {
    return {
      message: `"${text}" is a name, not an IP address: etcd listens on addresses, and peers are checked by them`,
      hint: `write the address that \`getent hosts ${text}\` prints; names belong under names`,
    }
  }
  return {
    message: `"${text}" is not an IP address`,
    hint: 'write one like 198.18.7.11 or 2001:db8::11',
  }
}
