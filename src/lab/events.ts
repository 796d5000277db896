/** What the lab tells while it works. */
export interface LabEvent {
  readonly kind: 'lab'
  /** One plain line, without a line break. */
  readonly text: string
}

export type EmitLab = (event: LabEvent) => void

/** For callers that listen to nothing. */
export const silent: EmitLab = () => undefined
