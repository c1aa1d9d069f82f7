import type { Step } from '@rollcall/shared-protocol'

/**
 * A machine at work: holds its state, performs what its steps ask for, and takes one event at a time. An event that
 * comes while another is dealt with (a listener that calls back, an effect that fails) waits for its turn, so that
 * no step ever sees the world half changed.
 */
export class RunningMachine<State, Event, Effect> {
  #state: State
  readonly #step: (state: State, event: Event) => Step<State, Effect>
  readonly #perform: (effect: Effect) => void
  readonly #changed: (before: State) => void
  readonly #queue: Event[] = []
  #isBusy = false

  constructor(
    initial: State,
    step: (state: State, event: Event) => Step<State, Effect>,
    perform: (effect: Effect) => void,
    /** Called after the effects of a step that led to another state. */
    changed: (before: State) => void = () => {},
  ) {
    this.#state = initial
    this.#step = step
    this.#perform = perform
    this.#changed = changed
  }

  get state(): State {
    return this.#state
  }

  dispatch(event: Event): void {
    this.#queue.push(event)
    if (this.#isBusy) return
    this.#isBusy = true
    try {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) this.#take(next)
    } finally {
      this.#isBusy = false
    }
  }

  #take(event: Event): void {
    const before = this.#state
    const { state, effects } = this.#step(before, event)
    this.#state = state
    for (const effect of effects) this.#perform(effect)
    if (state !== before) this.#changed(before)
  }
}
