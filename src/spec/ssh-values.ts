/**
 * The rules for values that are passed to ssh. None may look like one of its options, or contain spaces or control
 * characters.
 */
import type { Complaint } from './problem.ts'

// eslint-disable-next-line no-control-regex -- those are what must not pass
const UNSAFE = /^-|[\s\u0000-\u001f\u007f"'`$;|&<>()\\]/

/** A login name. */
export function checkUser(text: string): Complaint | undefined {
  if (/^[A-Za-z0-9_][A-Za-z0-9._@+-]*$/.test(text)) return undefined
  return { message: `"${text}" is not a login name`, hint: 'write one like root' }
}

/** A host name, an address without brackets, or an alias of the user's OpenSSH configuration. */
export function checkSshHost(text: string): Complaint | undefined {
  if (text === '' || UNSAFE.test(text)) {
    return {
      message: `"${text}" is not something ssh can connect to`,
      hint: 'write a host name, address or alias',
    }
  }
  const [user, host] = text.split('@')
  if (host !== undefined) {
    return { message: `"${text}" has a user in it`, hint: `write host: ${host} and user: ${user}` }
  }
  if (/^\[|^[^:]+:\d+$/.test(text)) {
    return {
      message: `"${text}" has brackets or a port: ssh takes the port apart`,
      hint: 'write it as host and port',
    }
  }
  return undefined
}

/** ssh's ProxyJump: `[user@]host[:port]`, several with commas, or `none`. */
export function checkJump(text: string): Complaint | undefined {
  const hop = /^([A-Za-z0-9_][A-Za-z0-9._+-]*@)?(\[[0-9a-fA-F:]+\]|[A-Za-z0-9_][A-Za-z0-9._-]*)(:\d{1,5})?$/
  if (text.split(',').every((part) => hop.test(part))) return undefined
  return {
    message: `"${text}" is not a jump host`,
    hint: 'write one like bastion or admin@bastion.example.org:2222',
  }
}
