/** What ssh on the workstation knows about a connection, without asking the node. */
import { LOCAL_MS } from './limits.ts'
import { runProcess } from './process.ts'

/** Asks the local ssh, which answers without the node. */
export async function localSsh(args: readonly string[]): Promise<{ exitCode: number; stderr: string }> {
  const late = AbortSignal.timeout(LOCAL_MS)
  try {
    return await runProcess('ssh', args, { detached: true, signal: late })
  } catch (error) {
    if (!late.aborted) throw error
    return { exitCode: 255, stderr: "the local ssh doesn't answer" }
  }
}
