import type { Clock } from './clock'

/** Something that has work to do once the present turn of the event loop is over. */
export interface Ticked {
  onTick(): void
}

/** Runs what was marked, each once, at the end of the turn. One timer for all, instead of one for each connection. */
export class Tick {
  readonly #clock: Clock
  #marked: Ticked[] = []
  #isDue = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** To be marked once until its `onTick`; whoever marks keeps note of that. */
  mark(ticked: Ticked): void {
    this.#marked.push(ticked)
    if (this.#isDue) return
    this.#isDue = true
    this.#clock.soon(() => this.#run())
  }

  #run(): void {
    const marked = this.#marked
    this.#marked = []
    this.#isDue = false
    for (const ticked of marked) ticked.onTick()
  }
}
