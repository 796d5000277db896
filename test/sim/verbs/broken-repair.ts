/** Repairs with deliberate faults. */
import { next } from '../../../src/tiers/etcd/plan/next.ts'
import type { Step } from '../../../src/tiers/etcd/steps/steps.ts'
import type { RepairOutlook } from '../../../src/verbs/repair/decide.ts'
import { mapSteps, removeData, stop } from '../broken-tools.ts'
import type { BrokenVerb } from './broken-power.ts'
import { REPAIR, type RepairDeciders } from './repair.ts'

/** It judges differently. */
function judging(change: (outlook: RepairOutlook) => RepairOutlook): RepairDeciders {
  return { ...REPAIR, judge: (scene) => change(REPAIR.judge(scene)) }
}

export const BROKEN_REPAIR: readonly BrokenVerb[] = [
  {
    what: 'does not ask how many good members are left',
    breaks: 'repaired-from-others',
    needs: ['repair'],
    wrong: { repair: judging((outlook) => ({ ...outlook, blocked: [] })) },
  },
  {
    what: 'takes whoever it is asked for as damaged',
    breaks: 'only-the-damaged',
    needs: ['repair'],
    wrong: {
      repair: judging((outlook) => ({
        ...outlook,
        members: outlook.members.map((member) => ({
          ...member,
          evidence: [{ kind: 'log', text: 'so it was said' }],
        })),
      })),
    },
  },
  {
    what: 'stops another member beside the damaged one',
    breaks: 'as-agreed',
    needs: ['repair'],
    wrong: {
      repair: {
        ...REPAIR,
        next: (intent, observed) =>
          mapSteps(next(intent, observed), (steps) => {
            const [going = ''] = Object.keys(intent.replace ?? {})
            const other = intent.cluster.nodes.find(({ name }) => name !== going)
            return other === undefined ? steps : [...steps, stop(other.name)]
          }),
      },
    },
  },
  {
    what: 'removes the old data instead of moving it aside',
    breaks: 'no-data-removed',
    needs: ['repair'],
    wrong: {
      repair: {
        ...REPAIR,
        next: (intent, observed) =>
          mapSteps(next(intent, observed), (steps) =>
            steps.map((step): Step => (step.kind === 'aside' ? removeData(step.host) : step)),
          ),
      },
    },
  },
  {
    what: 'sees nothing wrong with data that is lost',
    breaks: 'finishes',
    needs: ['repair'],
    wrong: {
      repair: judging((outlook) => ({
        ...outlook,
        members: outlook.members.map((member) => ({
          ...member,
          evidence: member.evidence.filter(({ kind }) => kind !== 'lost' && kind !== 'log'),
        })),
      })),
    },
  },
]
