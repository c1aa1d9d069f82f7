import { describe, expect, test } from 'vitest'
import { type FlushEvent, type FlushState, QUIET, stepFlush } from './flush-machine'

const context = { delayMs: 7, retryMs: 250 }
const done = { kind: 'flushed', isIdle: false, hasWork: true } as const

function run(...events: FlushEvent[]): { readonly state: FlushState; readonly effects: readonly unknown[] } {
  let state = QUIET
  const effects: unknown[] = []
  for (const event of events) {
    const step = stepFlush(state, event, context)
    state = step.state
    effects.push(...step.effects)
  }
  return { state, effects }
}

describe('when a topic flushes', () => {
  test('one flush is scheduled for any number of changes', () => {
    expect(run({ kind: 'touched' }, { kind: 'touched' }, { kind: 'touched' })).toEqual({
      state: { name: 'due' },
      effects: [{ kind: 'schedule', delayMs: 7 }],
    })
  })

  test('two flushes never run at a time: changes meanwhile go into the next one', () => {
    const begun = run({ kind: 'touched' }, { kind: 'due' }, { kind: 'touched' }, { kind: 'due' })
    expect(begun.state).toEqual({ name: 'flushing', isTouched: true })
    expect(begun.effects.filter((effect) => (effect as { kind: string }).kind === 'flush')).toHaveLength(1)
    const ended = run({ kind: 'touched' }, { kind: 'due' }, { kind: 'touched' }, done)
    expect(ended.state).toEqual({ name: 'due' })
    expect(ended.effects.at(-1)).toEqual({ kind: 'schedule', delayMs: 7 })
  })

  test('no further flush follows without new work', () => {
    expect(run({ kind: 'touched' }, { kind: 'due' }, done).state).toEqual(QUIET)
    const cancelled = { ...done, hasWork: false }
    expect(run({ kind: 'touched' }, { kind: 'due' }, { kind: 'touched' }, cancelled).state).toEqual(QUIET)
  })

  test('a failed flush is tried again after its delay, even without new changes', () => {
    const { state, effects } = run({ kind: 'touched' }, { kind: 'due' }, { kind: 'failed' })
    expect(state).toEqual({ name: 'due' })
    expect(effects.at(-1)).toEqual({ kind: 'schedule', delayMs: 250 })
  })

  test('a topic that nobody needs is reported as idle, and only after a flush', () => {
    const { state, effects } = run({ kind: 'touched' }, { kind: 'due' }, { ...done, isIdle: true })
    expect(effects.at(-1)).toEqual({ kind: 'idle' })
    expect(state).toEqual(QUIET)
  })

  test('a closed topic stays closed, from every state', () => {
    for (const before of [
      [],
      [{ kind: 'touched' }],
      [{ kind: 'touched' }, { kind: 'due' }],
    ] as FlushEvent[][]) {
      const { state, effects } = run(...before, { kind: 'closed' })
      expect(state).toEqual({ name: 'closed' })
      expect(effects.at(-1)).toEqual({ kind: 'cancel' })
      for (const event of [{ kind: 'touched' }, { kind: 'due' }, done, { kind: 'failed' }] as FlushEvent[]) {
        expect(stepFlush(state, event, context)).toEqual({ state, effects: [] })
      }
    }
  })
})
