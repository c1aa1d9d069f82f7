/*
 *              event A    event B    …
 *   state 1  |  cell    |  cell    |
 *   state 2  |  cell    |  cell    |        cell: (state, event, context) -> { state, effects }
 *
 * A machine is a table with a row for each state and a cell for each event. Machines usually break on an event in a
 * state where nobody expected it, so a missing cell does not compile.
 */

/** The outcome of an event: the next state, and the effects to perform in this order, as data. */
export interface Step<State, Effect> {
  readonly state: State
  readonly effects: readonly Effect[]
}

/** A cell for every event in every state. Time and chance are in the context, so that a cell is a pure function. */
export type TransitionTable<
  State extends { readonly name: string },
  Event extends { readonly kind: string },
  Effect,
  Context,
> = {
  readonly [S in State['name']]: {
    readonly [E in Event['kind']]: (
      state: Extract<State, { readonly name: S }>,
      event: Extract<Event, { readonly kind: E }>,
      context: Context,
    ) => Step<State, Effect>
  }
}

export function stepBy<
  State extends { readonly name: string },
  Event extends { readonly kind: string },
  Effect,
  Context,
>(
  table: TransitionTable<State, Event, Effect, Context>,
  state: State,
  event: Event,
  context: Context,
): Step<State, Effect> {
  // The table's type ties each cell to its own state and event; an index by unions can't carry that through.
  const cell = table[state.name as State['name']][event.kind as Event['kind']] as (
    state: State,
    event: Event,
    context: Context,
  ) => Step<State, Effect>
  return cell(state, event, context)
}

/** The cell of an event that changes nothing in this state. */
export function stay<State>(state: State): Step<State, never> {
  return { state, effects: [] }
}
