/** The alarms of etcd, for `quorate explain ALARM`. */

export interface AlarmGuide {
  readonly meaning: string
  readonly fix: string
  /** The page of the runbook. */
  readonly docs: string
}

/** By the name that etcd gives it, as `quorate status` shows it. Markdown, a sentence or two each. */
export const ALARM_GUIDE = {
  NOSPACE: {
    meaning:
      'The database of a member is larger than its quota. Reads work, and the cluster rejects writes until space is free and the alarm is disarmed.',
    fix: 'Run `quorate space reclaim`: it frees space and disarms the alarm. If CORRUPT is raised too, repair that first.',
    docs: 'docs/runbooks/nospace.md',
  },
  CORRUPT: {
    meaning:
      'The data of a member differs from the others. Reads work, and the cluster rejects writes. The alarm may name the wrong member.',
    fix: 'Run `quorate repair`: it changes nothing, and shows which member differs and the command that repairs it.',
    docs: 'docs/runbooks/corrupt.md',
  },
} as const satisfies Readonly<Record<string, AlarmGuide>>

export type Alarm = keyof typeof ALARM_GUIDE

export const ALARMS = Object.keys(ALARM_GUIDE) as readonly Alarm[]
