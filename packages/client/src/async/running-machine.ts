import type { Step } from '@rollcall/shared-protocol'

/**
 * Runs a machine: holds its state, performs its effects, and handles one event at a time. An event that comes during
 * another one, for example from a listener that calls back, waits until that is done. Otherwise a step would see a
 * state whose effects are only half performed.
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
    /** Called after the effects of a step that changed the state. */
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
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) this.#run(next)
    } finally {
      this.#isBusy = false
    }
  }

  #run(event: Event): void {
    const before = this.#state
    const { state, effects } = this.#step(before, event)
    this.#state = state
    for (const effect of effects) this.#perform(effect)
    if (state !== before) this.#changed(before)
  }
}
