/** A separate process with a lab: prints the lab's directory when it is up, and waits to be killed. */
import { testLab } from './harness.ts'

const lab = await testLab({ machines: 2 })
process.stdout.write(`${lab.folder}\n`)
process.stdin.resume()
