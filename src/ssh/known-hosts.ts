/** Which files ssh looks for host keys in: the user's own, and the cluster's. */
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'
import type { SshTarget } from '../spec/cluster.ts'
import { options, pathOption, targetArguments } from './arguments.ts'
import { runProcess } from './process.ts'

/**
 * Strict checking against the user's known hosts and the cluster's.
 * `ssh -G` is asked for the user's files only where a configuration could name others than ssh's own.
 */
export async function hostKeyOptions(target: SshTarget, clusterKnownHosts: string): Promise<string[]> {
  const files = await userKnownHosts(target)
  return options({
    StrictHostKeyChecking: 'yes',
    UserKnownHostsFile: [clusterKnownHosts, ...files].map(pathOption).join(' '),
  })
}

async function userKnownHosts(target: SshTarget): Promise<string[]> {
  const home = path.join(homedir(), '.ssh')
  const usual = [path.join(home, 'known_hosts'), path.join(home, 'known_hosts2')]
  if (!existsSync(path.join(home, 'config'))) return usual
  const { stdout } = await runProcess('ssh', ['-G', ...targetArguments(target), target.host])
  const line = stdout.split('\n').find((text) => text.startsWith('userknownhostsfile '))
  return line === undefined ? usual : line.split(' ').slice(1)
}
