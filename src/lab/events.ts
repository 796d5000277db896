/** What the lab reports while it works. */
export interface LabEvent {
  readonly kind: 'lab'
  /** One plain line, without a line break. */
  readonly text: string
}

export type EmitLab = (event: LabEvent) => void

/** For callers that ignore events. */
export const silent: EmitLab = () => undefined
