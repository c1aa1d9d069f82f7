import { expect, test } from 'vitest'
import { stepTopic, type TopicMachineState, UNKNOWN_TOPIC } from './topic-machine'

const snapshot = { epoch: 'e', seq: 4, digest: 0, presences: [] }
const diff = { epoch: 'e', base: 4, seq: 5, digest: 0, joins: [], updates: [], leaves: [] }
const known: TopicMachineState = { name: 'known', position: { epoch: 'e', seq: 4 } }

test('[S-1] a diff before the first snapshot changes nothing', () => {
  expect(stepTopic(UNKNOWN_TOPIC, { kind: 'diff', diff })).toEqual({ state: UNKNOWN_TOPIC, effects: [] })
})

test('a snapshot is taken as it is, also one from another history or from before', () => {
  for (const state of [UNKNOWN_TOPIC, known, { name: 'known', position: { epoch: 'x', seq: 9 } } as const]) {
    expect(stepTopic(state, { kind: 'snapshot', snapshot })).toEqual({
      state: known,
      effects: [{ kind: 'replace', snapshot }],
    })
  }
})

test('[S-1] a diff is applied where it follows, and only there', () => {
  expect(stepTopic(known, { kind: 'diff', diff })).toEqual({
    state: { name: 'known', position: { epoch: 'e', seq: 5 } },
    effects: [{ kind: 'apply', diff }],
  })
  for (const other of [
    { ...diff, epoch: 'x' },
    { ...diff, base: 5, seq: 6 },
    { ...diff, base: 3, seq: 4 },
    { ...diff, base: 3, seq: 5 },
  ]) {
    expect(stepTopic(known, { kind: 'diff', diff: other })).toEqual({ state: known, effects: [] })
  }
})
