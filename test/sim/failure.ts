/** A failure of a run, as an operator would see it. */
export class Failure extends Error {
  override readonly name = 'Failure'
}
