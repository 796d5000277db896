/** Allows a limited number of concurrent users; the others wait in order. */
export class Slots {
  #limit: number
  #used = 0
  readonly #waiting: (() => void)[] = []

  constructor(limit: number) {
    this.#limit = limit
  }

  /** @throws the signal's reason if it aborts while waiting. */
  async take(signal?: AbortSignal): Promise<Disposable> {
    signal?.throwIfAborted()
    if (this.#used < this.#limit) this.#used += 1
    else await this.#turn(signal)
    return {
      [Symbol.dispose]: () => {
        this.#used -= 1
        this.#admit()
      },
    }
  }

  get idle(): boolean {
    return this.#used === 0
  }

  /** Reduces the limit to one less than the current users. False if that would leave none. */
  shrink(): boolean {
    if (this.#used <= 1) return false
    this.#limit = Math.min(this.#limit, this.#used - 1)
    return true
  }

  async #turn(signal: AbortSignal | undefined): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const enter = () => {
        signal?.removeEventListener('abort', leave)
        resolve()
      }
      const leave = () => {
        this.#waiting.splice(this.#waiting.indexOf(enter), 1)
        reject(signal?.reason)
      }
      signal?.addEventListener('abort', leave, { once: true })
      this.#waiting.push(enter)
    })
  }

  #admit(): void {
    while (this.#used < this.#limit) {
      const next = this.#waiting.shift()
      if (next === undefined) return
      this.#used += 1
      next()
    }
  }
}
