/**
 * quorate as a library: brings a cluster to what its file says, tells what it does, and reads a fact off each member.
 *
 *     node examples/library.ts examples/nine-machines.yaml
 */
import { QuorateError, allSucceeded, apply, loadClusterFile, openSession, runOnNodes, status } from 'quorate'

async function main(file: string): Promise<number> {
  const { cluster, warnings } = await loadClusterFile(file)
  for (const { text } of warnings) console.error(text)

  await using session = await openSession(cluster, {
    emit: (event) => {
      if (event.type === 'step-done') console.log(`${event.step.host ?? cluster.name}: ${event.step.what}`)
    },
  })
  const { changed } = await apply(session)
  console.log(changed ? 'applied' : 'nothing to change')

  const { cluster: health, members } = await status(session)
  for (const member of members) {
    console.log(`${member.name} ${member.version ?? '?'} ${member.leader ? 'leader' : 'follower'}`)
  }

  const argv = ['uname', '-r']
  const results = await runOnNodes({ cluster, selector: 'etcd', argv, fleet: session.fleet })
  for (const result of results) {
    console.log(`${result.host}: ${'error' in result ? result.error.message : result.stdout.trim()}`)
  }
  return health.healthy && allSucceeded(results) ? 0 : 1
}

try {
  process.exitCode = await main(process.argv[2] ?? 'cluster.yaml')
} catch (error) {
  // Anything else is a bug, and its stack is of use.
  if (!(error instanceof QuorateError)) throw error
  console.error(error.message)
  if (error.hint !== undefined) console.error(error.hint)
  process.exitCode = error.exitCode
}
