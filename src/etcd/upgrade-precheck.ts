/** All problems that prevent a change of etcd's version, at once: judges facts without other input. */
import { describeHazard, endOfLife, hazardsFor, knownBad, newestPatch, patchToName } from './hazards.ts'
import {
  type UpgradeFacts,
  type UpgradeMember,
  type UpgradeProblem,
  blocker,
  warning,
} from './upgrade-facts.ts'
import { backProblems, downgradeProblems, isDowngrade, onlyCancels } from './upgrade-downgrade.ts'
import { BACKUP_HINT, type Move, moveBetween } from './upgrade-path.ts'
import { settingProblems } from './upgrade-settings.ts'
import { v2Problems } from './upgrade-v2.ts'
import { DOWNGRADES, LEAST_BEFORE_STEP } from '../spec/version-facts.ts'
import { atLeast, minorOf, supportedMinorOf } from './versions.ts'
import { counted } from '../spec/units.ts'

/**
 * Blockers first, each with its node and a fix.
 *
 * @throws QuorateError `cluster-file` if `facts.to` isn't a version that quorate can configure.
 */
export function precheckUpgrade(facts: UpgradeFacts): readonly UpgradeProblem[] {
  supportedMinorOf(facts.to)
  const problems = [
    ...healthProblems(facts),
    ...pathProblems(facts),
    ...downgradeProblems(facts),
    ...settingProblems(facts),
    ...v2Problems(facts),
    ...authenticationProblems(facts),
    ...versionWarnings(facts),
  ]
  return problems.toSorted((a, b) => rank(a) - rank(b))
}

/** The running versions (or the installed ones if a member doesn't answer) that aren't the wanted one, oldest first. */
export function versionsToLeave({ members, to }: Pick<UpgradeFacts, 'members' | 'to'>): readonly string[] {
  const versions = new Set(
    members.flatMap(({ running, installed }) => {
      const present = running ?? installed
      return present === undefined || present === to ? [] : [present]
    }),
  )
  return [...versions].sort((a, b) => (atLeast(a, b) ? 1 : -1))
}

/**
 * Before a change of version, every member must be healthy, except one that was stopped in the middle of its change: it
 * is started first. An abort accepts members that the new version made unhealthy, because they are its reason.
 */
function healthProblems(facts: UpgradeFacts): UpgradeProblem[] {
  const { members, problems, voters, direction } = facts
  const excused = new Set(members.filter((member) => isExcused(facts, member)).map(({ name }) => name))
  const silent = members.filter(({ name, running }) => excused.has(name) && running === undefined)
  const wrong = problems.filter(({ member }) => member === undefined || !excused.has(member))
  const needed = Math.floor(voters.all / 2) + 1
  const hint = `fix that first: quorate status${direction === 'upgrade' ? '; if it came with an upgrade: quorate upgrade --abort' : ''}`
  return [
    ...(voters.healthy < needed
      ? [
          blocker({
            id: 'too-few-healthy-members',
            message: `not enough healthy members: ${voters.healthy} of ${counted(voters.all, 'member')} can accept writes, ${needed} needed`,
            hint,
          }),
        ]
      : []),
    ...wrong.map(({ member, message }) =>
      onlyCancels(facts) ? warning(message, undefined, member) : blocker({ message, hint, host: member }),
    ),
    ...silent.map(({ name, installed }) =>
      warning(
        `the member does not answer; it goes first, with etcd ${direction === 'abort' && !isDowngrade(facts) ? facts.to : installed}`,
        'find out why: quorate status',
        name,
      ),
    ),
  ]
}

function isExcused(facts: UpgradeFacts, { running, installed, active }: UpgradeMember): boolean {
  const present = running ?? installed
  // For a downgrade, each member has to convert its data while it runs.
  if (facts.direction === 'abort' && !isDowngrade(facts)) return present !== undefined && present !== facts.to
  return running === undefined && !active && installed !== undefined
}

function pathProblems(facts: UpgradeFacts): readonly UpgradeProblem[] {
  const { members, to } = facts
  return members.flatMap(({ name, running: said, installed }): readonly UpgradeProblem[] => {
    const running = said ?? installed
    if (running === undefined) return []
    const move = moveBetween(running, to)
    switch (move.kind) {
      case 'none':
      case 'patch':
        return []
      case 'minor':
        return leastProblems(facts, name, running)
      case 'minor-back':
        return backProblems(facts, name, running)
      case 'too-far':
        return [tooFar(name, running, to, move)]
    }
  })
}

function leastProblems(
  { to, direction, downgrade }: UpgradeFacts,
  name: string,
  running: string,
): UpgradeProblem[] {
  const rule = LEAST_BEFORE_STEP[minorOf(to)]
  // A canceled downgrade ends where it started.
  if (rule === undefined || (direction === 'abort' && downgrade !== undefined)) return []
  const message = `etcd ${running} is running; before ${minorOf(to)} every member`
  const first = `upgrade first: quorate upgrade --to ${patchToName(rule.better)}`
  if (!atLeast(running, rule.least)) {
    return [
      blocker({
        id: 'version-is-too-old',
        message: `${message} needs ${rule.least} or newer: ${rule.why}`,
        hint: first,
        host: name,
      }),
    ]
  }
  if (atLeast(running, rule.better)) return []
  return [warning(`${message} should have ${rule.better} or newer`, first, name)]
}

function tooFar(
  name: string,
  running: string,
  to: string,
  move: Extract<Move, { kind: 'too-far' }>,
): UpgradeProblem {
  const message = `etcd ${running} is running, and ${to} is more than one minor version away: etcd supports one at a time`
  const below = [...move.via, minorOf(to)]
  if (move.back && below.some((minor) => DOWNGRADES[minor] === undefined))
    return blocker({ id: 'too-many-minors', message, hint: BACKUP_HINT, host: name })
  const steps = [...move.via.map((minor) => newestPatch(minor) ?? minor), to].join(', then ')
  const hint = `upgrade to ${steps}, each with a separate upgrade`
  return blocker({ id: 'too-many-minors', message, hint, host: name })
}

/** 3.5 writes users and roles into its WAL in a different form than 3.4 (etcd pull request 11943). */
function authenticationProblems({ to, authentication, members }: UpgradeFacts): UpgradeProblem[] {
  const crosses = members.some(
    ({ running }) => running !== undefined && [minorOf(running), minorOf(to)].toSorted().join() === '3.4,3.5',
  )
  if (!crosses || authentication !== true) return []
  return [
    blocker({
      id: 'authentication-is-enabled',
      message: 'etcd authentication is enabled: then members of 3.4 and 3.5 must not run at the same time',
      hint: 'disable authentication for the upgrade (etcdctl auth disable), and enable it again afterwards',
    }),
  ]
}

function versionWarnings({ to, direction, authentication, members }: UpgradeFacts): UpgradeProblem[] {
  if (direction === 'abort') return []
  const ended = endOfLife(to)
  const steps = members.some(({ running }) => running !== undefined && minorOf(running) !== minorOf(to))
  const hazards = [
    ...knownBad(to, authentication === true ? ['users'] : []),
    ...(steps ? hazardsFor(to, ['upgrade']) : []),
  ]
  return [
    ...hazards.map((hazard) => {
      const message = describeHazard(to, hazard)
      const { refused, fixedIn = to } = hazard
      return refused
        ? blocker({ id: 'version-loses-data', message, hint: `choose ${patchToName(fixedIn)}` })
        : warning(message)
    }),
    ...(ended === undefined
      ? []
      : [
          warning(
            `etcd ${to}: its minor version ended in ${ended.when} with ${ended.last} and gets no more fixes`,
            'upgrade to the next minor after this one',
          ),
        ]),
  ]
}

function rank({ severity }: UpgradeProblem): number {
  return severity === 'blocker' ? 0 : 1
}
