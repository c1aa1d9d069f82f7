import { editOf, type JsonObject } from '@rollcall/shared-protocol'
import { describe, expect, test } from 'vitest'
import {
  INITIAL_OWN_PRESENCE,
  type OwnPresenceEffect,
  type OwnPresenceEvent,
  type OwnPresenceState,
  stepOwnPresence,
} from './own-presence-machine'

const context = { intervalMs: 100, joinMeta: { seat: 1, place: { row: 1 } } }
const submit = (n: number): OwnPresenceEvent => ({
  kind: 'request',
  edit: editOf({ kind: 'update', meta: { n } }),
  ticket: n,
})
const joined: OwnPresenceEvent = { kind: 'joined' }
const due: OwnPresenceEvent = { kind: 'due' }
const lost: OwnPresenceEvent = { kind: 'lost' }
const answered = (id: number, error: unknown = null): OwnPresenceEvent => ({
  kind: 'replied',
  id,
  error,
  retryAfterMs: null,
})
const throttled = (id: number, retryAfterMs: number): OwnPresenceEvent => ({
  kind: 'replied',
  id,
  error: 'throttled',
  retryAfterMs,
})
const patch = (ticket: number, fields: JsonObject): OwnPresenceEvent => ({
  kind: 'request',
  edit: editOf({ kind: 'patch', patch: fields }),
  ticket,
})

function run(events: readonly OwnPresenceEvent[], from: OwnPresenceState = INITIAL_OWN_PRESENCE) {
  let state = from
  const effects: OwnPresenceEffect[] = []
  for (const event of events) {
    const step = stepOwnPresence(state, event, context)
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
    expect(effects.filter(({ kind }) => kind === 'setTimer')).toEqual([
      { kind: 'setTimer', delayMs: 100 },
      { kind: 'setTimer', delayMs: 100 },
    ])
  })

  test('[C-10] after a quiet interval the next goes out at once again', () => {
    expect(run([joined, submit(1), due, submit(2)]).sent).toEqual([update(1), update(2)])
  })

  test('all who wait for one send are told together', () => {
    const { effects } = run([joined, submit(1), submit(2), submit(3), due, answered(1), answered(2, 'no')])
    expect(effects.filter(({ kind }) => kind === 'settle')).toEqual([
      { kind: 'settle', tickets: [{ first: 1, last: 1 }], error: null },
      { kind: 'settle', tickets: [{ first: 2, last: 3 }], error: 'no' },
    ])
  })

  test('[C-11] what is submitted while away goes out after the rejoin, the latest of it', () => {
    expect(run([submit(1), submit(2), joined]).sent).toEqual([update(2)])
    expect(run([joined, lost, submit(1), joined, answered(1)]).effects.at(-1)).toMatchObject({
      tickets: [{ first: 1, last: 1 }],
    })
  })

  test('[C-11] what was not answered is sent again, with what came later on top', () => {
    const { sent, effects } = run([joined, submit(1), submit(2), due, submit(3), lost, joined, answered(3)])
    expect(sent).toEqual([update(1), update(2), update(3)])
    expect(effects.at(-1)).toEqual({ kind: 'settle', tickets: [{ first: 1, last: 3 }], error: null })
  })

  test('the answer to a send from before the loss is not taken for one to a later', () => {
    const { effects } = run([joined, submit(1), lost, answered(1, 'lost'), joined, answered(1, 'lost')])
    expect(effects.some(({ kind }) => kind === 'settle')).toBe(false)
  })

  test('[C-11] what was sent again and answered is not sent a third time', () => {
    const { sent, effects } = run([joined, submit(1), lost, joined, answered(2), lost, joined])
    expect(sent).toEqual([update(1), update(1)])
    expect(effects.at(-1)).toEqual({ kind: 'setTimer', delayMs: null })
  })

  test('is not due while away, nor once the channel is over', () => {
    for (const event of [lost, { kind: 'cleared' } as const])
      for (const events of [[], [submit(1)], [submit(1), submit(2)]])
        expect(stepOwnPresence(run([joined, ...events]).state, event, context).effects).toEqual([
          { kind: 'setTimer', delayMs: null },
        ])
  })

  test('[C-11] remembers what was accepted, and not what was refused', () => {
    const { state } = run([joined, submit(1), answered(1), due, submit(2), answered(2, 'too large')])
    expect(state.accepted).toEqual(editOf({ kind: 'update', meta: { n: 1 } }))
  })

  test('[C-36] what is too much for the server is said again when it has asked for it, and as it is wanted by then', () => {
    const waiting = run([joined, submit(1), due, throttled(1, 700), submit(2), submit(3)])
    expect(waiting.sent).toEqual([update(1)])
    expect(waiting.effects.at(-1)).toEqual({ kind: 'setTimer', delayMs: 700 })
    const said = run([due, answered(2)], waiting.state)
    expect(said.sent).toEqual([update(3)])
    expect(said.effects.at(-1)).toEqual({ kind: 'settle', tickets: [{ first: 1, last: 3 }], error: null })
    expect(run([joined, submit(1), throttled(1, 0)]).effects.at(-1)).toEqual({
      kind: 'setTimer',
      delayMs: 100,
    })
  })

  test('[C-36] and never after a later one: who waits for it has the answer to that', () => {
    const replaced = run([joined, submit(1), submit(2), due, throttled(1, 700), answered(2), due])
    expect(replaced.sent).toEqual([update(1), update(2)])
    expect(replaced.effects).toContainEqual({ kind: 'settle', tickets: [{ first: 1, last: 2 }], error: null })
    const patched = run([joined, patch(1, { a: 1, b: 1 }), patch(2, { b: 2 }), due, throttled(1, 700)])
    expect(run([answered(2), due, answered(3)], patched.state).effects).toEqual([
      { kind: 'settle', tickets: [{ first: 2, last: 2 }], error: null },
      { kind: 'send', id: 3, changes: [{ kind: 'patch', patch: { a: 1, b: 2 } }] },
      { kind: 'setTimer', delayMs: 100 },
      { kind: 'settle', tickets: [{ first: 1, last: 1 }], error: null },
    ])
  })

  test('[C-36] what was sent before it and not answered is not the answer to it', () => {
    const { sent, effects } = run([joined, submit(1), due, submit(2), throttled(2, 700), answered(1), due])
    expect(sent).toEqual([update(1), update(2), update(2)])
    expect(effects).toContainEqual({ kind: 'setTimer', delayMs: 700 })
    expect(effects).toContainEqual({ kind: 'settle', tickets: [{ first: 1, last: 1 }], error: null })
  })

  test('[C-36] is said again together with what waited to be sent, and all who wait are told', () => {
    const { sent, effects } = run([joined, submit(1), submit(2), throttled(1, 700), due, answered(2)])
    expect(sent).toEqual([update(1), update(2)])
    expect(effects.at(-1)).toEqual({ kind: 'settle', tickets: [{ first: 1, last: 2 }], error: null })
  })

  test('[C-36] leaves what else was sent before it waiting for its own answer', () => {
    const { effects } = run([
      joined,
      patch(1, { a: 1 }),
      due,
      patch(2, { b: 2 }),
      throttled(2, 700),
      answered(1),
    ])
    expect(effects.at(-1)).toEqual({ kind: 'settle', tickets: [{ first: 1, last: 1 }], error: null })
  })

  test('[C-11] only what was not answered is sent again, not what was answered before it', () => {
    const two = [joined, patch(1, { a: 1 }), due, patch(2, { b: 2 }), answered(1)]
    const { sent, state } = run([...two, lost, joined])
    expect(sent.at(-1)).toEqual([{ kind: 'patch', patch: { b: 2 } }])
    expect(run([answered(3)], state).state.accepted).toEqual(editOf({ kind: 'patch', patch: { a: 1, b: 2 } }))
  })

  test('[C-11] remembers the removal of a field only where the next join would bring it back', () => {
    let { state } = run([joined])
    for (let i = 1; i <= 1000; i++) {
      const name = `field ${i}`
      const fields = [
        { [name]: i, place: { [name]: i } },
        { [name]: null, place: { [name]: null } },
      ]
      for (const one of fields) {
        const id = state.nextId
        state = run([due, patch(id, one), answered(id), due], state).state
      }
    }
    expect(state.accepted).toEqual(editOf({ kind: 'patch', patch: { place: {} } }))
    const id = state.nextId
    const removal = { seat: null, place: { row: null }, gone: { seat: null } }
    expect(run([patch(id, removal), answered(id)], state).state.accepted).toEqual(
      editOf({ kind: 'patch', patch: { seat: null, place: { row: null }, gone: {} } }),
    )
  })

  test('an answer to nothing that was sent changes nothing', () => {
    const { state } = run([joined, submit(1)])
    expect(run([answered(7)], state)).toMatchObject({ state, effects: [] })
  })

  test('[C-36] is wanted still after a lost connection', () => {
    expect(run([joined, submit(1), throttled(1, 700), lost, joined]).sent).toEqual([update(1), update(1)])
  })

  test('forgets everything when the channel is over', () => {
    const { state } = run([joined, submit(1), answered(1), submit(2), { kind: 'cleared' }])
    expect(state).toMatchObject({ name: 'offline', pending: null, inFlight: [], accepted: null })
  })

  const wide = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`field ${i}`, i] as const))

  test('[C-53] thousands of tiny patches behind a wide one take their own time, and are settled together', () => {
    const count = 20_000
    const patches = Array.from({ length: count }, (_, i) => patch(i + 2, { x: i }))
    const startedMs = performance.now()
    const { state, effects } = run([patch(1, wide(3000)), ...patches])
    // Copying the wide one for each took a hundred times as long.
    expect(performance.now() - startedMs).toBeLessThan(1500)
    expect(effects).toEqual([])
    const out = run([joined, answered(1)], state)
    expect(out.sent).toEqual([[{ kind: 'patch', patch: { ...wide(3000), x: count - 1 } }]])
    expect(out.effects.at(-1)).toEqual({
      kind: 'settle',
      tickets: [{ first: 1, last: count + 1 }],
      error: null,
    })
  })

  test('[C-53] what waits has a bound: a patch beyond it is refused alone, and a whole meta takes its place', () => {
    let state = INITIAL_OWN_PRESENCE
    const refused: number[] = []
    for (let ticket = 1; ticket <= 5000; ticket++) {
      const step = run([patch(ticket, { [`name ${ticket}`]: 'x'.repeat(30) })], state)
      state = step.state
      for (const effect of step.effects) if (effect.kind === 'refuse') refused.push(effect.ticket)
    }
    expect(refused.length).toBeGreaterThan(1000)
    const [[sent]] = run([joined], state).sent as unknown as [[{ patch: JsonObject }]]
    const names = Object.keys(sent.patch)
    expect(names).toHaveLength(5000 - refused.length)
    expect(names).not.toContain(`name ${refused[0]}`)
    expect(JSON.stringify(sent.patch).length).toBeLessThan(150_000)
    expect(run([submit(6000), joined], state).sent).toEqual([update(6000)])
  })

  test('[C-53] no caller is given the answer to a message that did not carry its change', () => {
    const { effects } = run([
      joined,
      patch(1, { a: 1 }),
      patch(2, { b: 1 }),
      due,
      submit(3),
      due,
      throttled(1, 700),
      answered(2, 'no'),
      answered(3),
    ])
    expect(effects.filter(({ kind }) => kind === 'settle')).toEqual([
      { kind: 'settle', tickets: [{ first: 2, last: 2 }], error: 'no' },
      {
        kind: 'settle',
        tickets: [
          { first: 1, last: 1 },
          { first: 3, last: 3 },
        ],
        error: null,
      },
    ])
  })
})
