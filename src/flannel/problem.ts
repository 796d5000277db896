/** What is wrong, or questionable, with a flannel configuration. */

export interface FlannelProblem {
  /** With an error flannel would not start, or pods would not reach each other; a warning is for the reader to judge. */
  readonly severity: 'error' | 'warning'
  /** Where in the configuration: `Network`, `SubnetLen`, `Backend.VNI`. */
  readonly key: string
  /** Begins with what the key is; reads well behind `key: `. */
  readonly message: string
}

export type Complaint = (severity: FlannelProblem['severity'], key: string, message: string) => void
