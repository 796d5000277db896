/** An error or a warning about a flannel configuration. */

export interface FlannelProblem {
  /**
   * With an error, flannel would not start, or pods could not reach each other. A warning is for the reader to judge.
   */
  readonly severity: 'error' | 'warning'
  /** Where in the configuration: `Network`, `SubnetLen`, `Backend.VNI`. */
  readonly key: string
  /** Starts with what the key is, so that it can follow `key: `. */
  readonly message: string
}

export type Complaint = (severity: FlannelProblem['severity'], key: string, message: string) => void
