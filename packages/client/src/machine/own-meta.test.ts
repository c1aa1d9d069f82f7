import { describe, expect, test } from 'vitest'
import { editOf } from './meta-edit'
import {
  INITIAL_OWN_META,
  type OwnMetaEffect,
  type OwnMetaEvent,
  type OwnMetaState,
  stepOwnMeta,
} from './own-meta'

const context = { intervalMs: 100 }
const submit = (n: number): OwnMetaEvent => ({
  kind: 'submit',
  edit: editOf({ kind: 'update', meta: { n } }),
  ticket: n,
})
const joined: OwnMetaEvent = { kind: 'joined' }
const due: OwnMetaEvent = { kind: 'due' }
const lost: OwnMetaEvent = { kind: 'lost' }
const answered = (id: number, error: unknown = null): OwnMetaEvent => ({ kind: 'answered', id, error })

function run(events: readonly OwnMetaEvent[], from: OwnMetaState = INITIAL_OWN_META) {
  let state = from
  const effects: OwnMetaEffect[] = []
  for (const event of events) {
    const step = stepOwnMeta(state, event, context)
    state = step.state
    effects.push(...step.effects)
  }
  return {
    state,
    effects,
    sent: effects.flatMap((effect) => (effect.kind === 'send' ? [effect.changes] : [])),
  }
}
const update = (n: number) => [{ kind: 'update', meta: { n } }]

describe('own meta', () => {
  test('[C-10] the first goes out at once, those that follow as one, the latest wins', () => {
    const { sent, effects } = run([joined, submit(1), submit(2), submit(3), due])
    expect(sent).toEqual([update(1), update(3)])
    expect(effects.filter(({ kind }) => kind === 'timer')).toEqual([
      { kind: 'timer', delayMs: 100 },
      { kind: 'timer', delayMs: 100 },
    ])
  })

  test('[C-10] after a quiet interval the next goes out at once again', () => {
    expect(run([joined, submit(1), due, submit(2)]).sent).toEqual([update(1), update(2)])
  })

  test('all who wait for one send are told together', () => {
    const { effects } = run([joined, submit(1), submit(2), submit(3), due, answered(1), answered(2, 'no')])
    expect(effects.filter(({ kind }) => kind === 'settle')).toEqual([
      { kind: 'settle', tickets: [1], error: null },
      { kind: 'settle', tickets: [2, 3], error: 'no' },
    ])
  })

  test('[C-11] what is submitted while away goes out after the rejoin, the latest of it', () => {
    expect(run([submit(1), submit(2), joined]).sent).toEqual([update(2)])
    expect(run([joined, lost, submit(1), joined, answered(1)]).effects.at(-1)).toMatchObject({ tickets: [1] })
  })

  test('[C-11] what was not answered is sent again, with what came later on top', () => {
    const { sent, effects } = run([joined, submit(1), submit(2), due, submit(3), lost, joined, answered(3)])
    expect(sent).toEqual([update(1), update(2), update(3)])
    expect(effects.at(-1)).toEqual({ kind: 'settle', tickets: [1, 2, 3], error: null })
  })

  test('the answer to a send from before the loss is not taken for one to a later', () => {
    const { effects } = run([joined, submit(1), lost, answered(1, 'lost'), joined, answered(1, 'lost')])
    expect(effects.some(({ kind }) => kind === 'settle')).toBe(false)
  })

  test('[C-11] remembers what was accepted, and not what was refused', () => {
    const { state } = run([joined, submit(1), answered(1), due, submit(2), answered(2, 'too large')])
    expect(state.accepted).toEqual(editOf({ kind: 'update', meta: { n: 1 } }))
  })

  test('forgets everything when the channel is over', () => {
    const { state } = run([joined, submit(1), answered(1), submit(2), { kind: 'cleared' }])
    expect(state).toMatchObject({ name: 'held', pending: null, inFlight: [], accepted: null })
  })
})
