import { expect, test } from 'vitest'
import { roomRows, sameRows } from './hall'
import { ROOMS } from './room'

const here = (key: string, n: string, ...rooms: string[]) => ({
  key,
  presences: rooms.map((r) => ({ meta: { n, r } })),
})

test('the offered rooms, then own ones, then those where somebody is', () => {
  const rows = roomRows([here('u1', 'Ada', 'zoo'), here('u2', 'Bob', 'attic', 'lobby')], ['den'])
  expect(rows.map(({ room }) => room)).toEqual([...ROOMS, 'den', 'attic', 'zoo'])
  expect(rows[0]?.people).toEqual([{ id: 'u2', name: 'Bob' }])
  expect(rows.at(-1)?.people).toEqual([{ id: 'u1', name: 'Ada' }])
})

test('two devices in one room are one person there', () => {
  expect(roomRows([here('u1', 'Ada', 'lobby', 'lobby')], [])[0]?.people).toHaveLength(1)
})

test('a room that is offered, own and peopled is listed once', () => {
  const rows = roomRows(
    [here('u1', 'Ada', 'den'), here('u2', 'Bob', '__proto__')],
    ['den', 'lobby', '__proto__'],
  )
  expect(rows.map(({ room }) => room)).toEqual([...ROOMS, '__proto__', 'den'])
})

test('lists that would be drawn the same are the same', () => {
  const rows = () => roomRows([here('u1', 'Ada', 'lobby')], [])
  expect(sameRows(rows(), rows())).toBe(true)
  expect(sameRows(rows(), roomRows([], []))).toBe(false)
})
