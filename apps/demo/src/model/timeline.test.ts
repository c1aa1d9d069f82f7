import { describe, expect, test } from 'vitest'
import { MAX_LINES, stepTimeline, type Timeline, type TimelineEvent } from './timeline'

const message = (id: string, text = 'hi') => ({ id, by: 'u1', n: 'Ada', text })
const play = (...events: TimelineEvent[]): Timeline => events.reduce<Timeline>(stepTimeline, [])
const summary = (timeline: Timeline) =>
  timeline.map((line) => {
    if (line.kind === 'message') return `${line.id} ${line.delivery}`
    return `+${line.joined.map(({ id }) => id)} -${line.left.map(({ id }) => id)}`
  })

describe('sending', () => {
  const composed = { type: 'composed', message: message('m1'), at: 1 } as const
  const echo = { type: 'received', message: message('m1'), at: 2 } as const

  test('shows at once, and counts as sent with the answer or the echo, whichever is first', () => {
    expect(summary(play(composed))).toEqual(['m1 pending'])
    expect(summary(play(composed, { type: 'delivered', id: 'm1' }))).toEqual(['m1 sent'])
    expect(summary(play(composed, echo))).toEqual(['m1 sent'])
    expect(summary(play(composed, echo, { type: 'delivered', id: 'm1' }))).toEqual(['m1 sent'])
  })

  test('keeps its place and its time when the echo comes', () => {
    const other = { type: 'received', message: message('m2'), at: 2 } as const
    const timeline = play(composed, other, { ...echo, at: 3 })
    expect(summary(timeline)).toEqual(['m1 sent', 'm2 sent'])
    expect(timeline[0]?.at).toBe(1)
  })

  test('may fail, be tried again, or be given up', () => {
    const failed = { type: 'failed', id: 'm1', problem: 'No answer.' } as const
    expect(play(composed, failed)[0]).toMatchObject({ delivery: 'failed', problem: 'No answer.' })
    expect(play(composed, failed, { type: 'retried', id: 'm1' })[0]).toMatchObject({
      delivery: 'pending',
      problem: null,
    })
    expect(play(composed, failed, { type: 'discarded', id: 'm1' })).toEqual([])
  })

  test('has not failed if others have seen it, though the answer was lost', () => {
    expect(summary(play(composed, echo, { type: 'failed', id: 'm1', problem: 'No answer.' }))).toEqual([
      'm1 sent',
    ])
    const failedFirst = play(composed, { type: 'failed', id: 'm1', problem: 'No answer.' }, echo)
    expect(summary(failedFirst)).toEqual(['m1 sent'])
  })
})

test('a message that arrives twice is there once', () => {
  const received = { type: 'received', message: message('m1'), at: 1 } as const
  expect(summary(play(received, { ...received, at: 2 }))).toEqual(['m1 sent'])
})

describe('comings and goings', () => {
  const joined = (id: string, at: number): TimelineEvent => ({ type: 'joined', comer: { id, name: id }, at })
  const left = (id: string, at: number): TimelineEvent => ({ type: 'left', comer: { id, name: id }, at })

  test('in a row share a line', () => {
    expect(summary(play(joined('a', 1), joined('b', 2), left('c', 3)))).toEqual(['+a,b -c'])
  })

  test('that cancel out leave no word', () => {
    expect(summary(play(joined('a', 1), left('a', 2)))).toEqual([])
    expect(summary(play(left('a', 1), joined('b', 2), joined('a', 3)))).toEqual(['+b -'])
  })

  test('begin anew after a message or a long pause', () => {
    const received = { type: 'received', message: message('m1'), at: 2 } as const
    expect(summary(play(joined('a', 1), received, joined('b', 3)))).toEqual(['+a -', 'm1 sent', '+b -'])
    expect(summary(play(joined('a', 1), joined('b', 11 * 60_000)))).toEqual(['+a -', '+b -'])
  })

  test('have ids that differ, and that stay while a line grows', () => {
    const one = play(joined('a', 1))
    const two = stepTimeline(one, joined('b', 2))
    expect(two[0]?.id).toBe(one[0]?.id)
    const later = stepTimeline(two, joined('a', 11 * 60_000))
    expect(new Set(later.map(({ id }) => id)).size).toBe(2)
  })
})

test('old lines fall off', () => {
  const events = Array.from({ length: MAX_LINES + 5 }, (_, i): TimelineEvent => {
    return { type: 'received', message: message(`m${i}`), at: i }
  })
  const timeline = play(...events)
  expect(timeline).toHaveLength(MAX_LINES)
  expect(timeline[0]?.id).toBe('m5')
})
