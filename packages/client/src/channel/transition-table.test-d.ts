import { stay, type TransitionTable } from '@rollcall/shared-protocol'

// Checked by the compiler; nothing here runs.

type State = { readonly name: 'off' } | { readonly name: 'on'; readonly since: number }
type Event = { readonly kind: 'press' } | { readonly kind: 'break'; readonly why: string }
type Table = TransitionTable<State, Event, never, { readonly now: number }>

export const whole: Table = {
  off: { press: (_state, _event, { now }) => stay({ name: 'on', since: now }), break: stay },
  // Each cell sees its own state and its own event.
  on: {
    press: ({ since }) => stay(since > 0 ? { name: 'off' } : { name: 'on', since }),
    break: (_s, { why }) => stay({ name: 'on', since: why.length }),
  },
}

export const withoutCell: Table = {
  off: whole.off,
  // @ts-expect-error: what happens when a lamp that is on breaks?
  on: { press: stay },
}

// @ts-expect-error: a state without a row
export const withoutRow: Table = { off: whole.off }

export const unknownEvent: Table = {
  off: whole.off,
  // @ts-expect-error: nobody sends that
  on: { ...whole.on, kick: stay },
}
