import { expect, test } from 'vitest'
import { groupLines } from './group-lines'
import type { MessageLine, NoticeLine } from './timeline'

const noon = new Date(2026, 4, 4, 12).getTime()
const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE

const said = (id: string, by: string, at: number): MessageLine => ({
  kind: 'message',
  id,
  by,
  name: by,
  text: id,
  at,
  delivery: 'sent',
  problem: null,
})
const notice = (id: string, at: number): NoticeLine => ({ kind: 'notice', id, at, joined: [], left: [] })
const shape = (...args: Parameters<typeof groupLines>) =>
  groupLines(...args).map((block) => (block.kind === 'group' ? block.lines.map(({ id }) => id) : block.kind))

test('what one person says in one go is one group', () => {
  const lines = [said('1', 'ada', noon), said('2', 'ada', noon + MINUTE), said('3', 'bob', noon + MINUTE)]
  expect(shape(lines, null)).toEqual([['1', '2'], ['3']])
})

test('a pause, somebody coming, and a new day part it', () => {
  const lines = [
    said('1', 'ada', noon),
    said('2', 'ada', noon + 6 * MINUTE),
    notice('n', noon + 7 * MINUTE),
    said('3', 'ada', noon + 8 * MINUTE),
    said('4', 'ada', noon + DAY),
  ]
  expect(shape(lines, null)).toEqual([['1'], ['2'], 'notice', ['3'], 'day', ['4']])
})

test('the mark of what is new parts it too', () => {
  const lines = [said('1', 'ada', noon), said('2', 'ada', noon + MINUTE), said('3', 'ada', noon + MINUTE)]
  expect(shape(lines, '2')).toEqual([['1'], 'unread', ['2', '3']])
})

test('a group goes by the latest name of its author', () => {
  const lines = [said('1', 'ada', noon), { ...said('2', 'ada', noon), name: 'Countess' }]
  expect(groupLines(lines, null)).toMatchObject([{ name: 'Countess' }])
})
