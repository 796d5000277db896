/** What `status` notes: something to do, for people as a line, for programs with an ID. */
export interface Note<Id extends string = string> {
  /** Which note it is. It stays when the message is reworded. */
  readonly id: Id
  /** The node; null: the cluster. */
  readonly host: string | null
  readonly message: string
}

/** As a line. */
export function noteText({ host, message }: Note): string {
  return host === null ? message : `${host}: ${message}`
}
