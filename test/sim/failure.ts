/** What goes wrong in a run, as an operator would be told of it. */
export class Failure extends Error {
  override readonly name = 'Failure'
}
