/** The agent's operations that change something: `agent/*.sh` declares the same words as `takes_NAME`, which a test compares. */
import type { Content } from './parcel.ts'

/** A word of an operation: as it is, or the name under which its content arrives. */
export type Word = string | Content

/** A name and its words, all of them strings or content; a word that is missing or too many is an error of types. */
export type Operation =
  | readonly ['packages', ...name: readonly string[]]
  | readonly ['user', name: string, shell: string]
  | readonly ['aside', suffix: string, ...path: readonly string[]]
  | readonly ['remove', ...path: readonly string[]]
  | readonly ['directory', path: string, owner: string, group: string, mode: string]
  | readonly ['file', content: Content, path: string, owner: string, group: string, mode: string]
  | readonly ['binary', content: Content, path: string, sha256: string, version: string]
  | readonly ['ground_open', wal: string]
  | readonly ['ground_close', data: string, wal: string]
  | readonly ['key', name: string, configuration: Content, algorithm: string, origin: string]
  | readonly ['certificates', ca: Content, mark: Content, group: string, ...pair: readonly Word[]]
  | readonly ['ca', ca: Content, mark: Content, group: string]
  | readonly ['tls_modes', group: string]
  | readonly ['reload']
  | readonly ['enable', unit: string]
  | readonly ['start', unit: string, delay: string, ...folder: readonly string[]]
  | readonly ['ready', unit: string, seconds: string]
  | readonly ['restart', unit: string, seconds: string, ...folder: readonly string[]]
  | readonly ['stop', unit: string, ...seconds: readonly [] | readonly [string]]
  | readonly ['recover_drop', data: string, wal: string]
  | readonly ['recover_copy', data: string, wal: string]
  | readonly ['recover_tail', file: string, end: string, size: string, record: Content]
  | readonly [
      'recover_run',
      program: Content,
      name: string,
      data: string,
      wal: string,
      mode: string,
      ...word: readonly string[],
    ]
  | readonly [
      'recover_make',
      token: string,
      name: string,
      peer: string,
      data: string,
      wal: string,
      ...option: readonly string[],
    ]
  | readonly ['recover_done', data: string, wal: string]
  | readonly ['recover_place', suffix: string, data: string, wal: string, former: string]
  | readonly ['recover_halt']
  | readonly ['recover_resume']
  | readonly [
      'restore_stage',
      snapshot: Content,
      token: string,
      suffix: string,
      sha256: string,
      source: string,
      data: string,
      wal: string,
      name: string,
      members: string,
      peers: string,
      ...option: readonly string[],
    ]
  | readonly ['restore_halt']
  | readonly ['restore_place', token: string, suffix: string, data: string, wal: string, former: string]
  | readonly ['restore_unchecked', variable: string]
  | readonly ['restore_finish']
  | readonly ['restore_discard', data: string, wal: string]
  | readonly ['schedule_key', folder: string, configuration: Content, algorithm: string]
  | readonly ['schedule_certificate', folder: string, group: string, certificate: Content]
  | readonly ['schedule_store', folder: string, user: string]
  | readonly ['schedule_link', target: string, path: string]
  | readonly ['schedule_forget', user: string, folder: string]
  | readonly ['schedule_signing_key', folder: string, comment: string]
  | readonly [
      'service_file',
      content: Content,
      path: string,
      owner: string,
      group: string,
      mode: string,
      unit: string,
      ...check: readonly string[],
    ]
  | readonly [
      'service_load',
      unit: string,
      seconds: string,
      ...proof: readonly [] | readonly [string, string, string],
    ]
  | readonly ['service_remove', unit: string, suffix: string, ...path: readonly string[]]
