import { expect, test } from 'vitest'
import type { MessageLine, NoticeLine } from './timeline'
import { NOTHING_UNREAD, stepUnread } from './unread'

const said = (at: number, by = 'ada'): MessageLine => ({
  kind: 'message',
  id: `m${at}`,
  by,
  name: by,
  text: 'hi',
  at,
  delivery: 'sent',
  problem: null,
})
const notice = (at: number): NoticeLine => ({ kind: 'notice', id: `n${at}`, at, joined: [], left: [] })

test('nothing is unread while somebody looks', () => {
  expect(stepUnread(NOTHING_UNREAD, [said(1), said(2)], true, 'me')).toEqual({
    markId: null,
    count: 0,
    seenAt: 2,
  })
})

test('what others say while nobody looks is counted, from a mark that stays', () => {
  const seen = stepUnread(NOTHING_UNREAD, [said(1)], true, 'me')
  const first = stepUnread(seen, [said(1), notice(2), said(3, 'me'), said(4)], false, 'me')
  expect(first).toMatchObject({ markId: 'm4', count: 1 })
  const second = stepUnread(first, [said(1), said(4), said(5)], false, 'me')
  expect(second).toMatchObject({ markId: 'm4', count: 2 })
  expect(stepUnread(second, [said(1), said(4), said(5)], true, 'me')).toMatchObject({
    markId: 'm4',
    count: 0,
  })
})

test('the mark moves when new ones come later', () => {
  const before = { markId: 'm4', count: 0, seenAt: 5 }
  expect(stepUnread(before, [said(4), said(5), said(6)], false, 'me')).toEqual({
    markId: 'm6',
    count: 1,
    seenAt: 5,
  })
})

test('nothing becomes unread again when the last seen line is taken back', () => {
  const before = { markId: null, count: 0, seenAt: 9 }
  expect(stepUnread(before, [said(1), said(2)], false, 'me')).toBe(before)
})

test('nothing changed is the same object', () => {
  const timeline = [said(1), said(2)]
  const looking = stepUnread(NOTHING_UNREAD, timeline, true, 'me')
  expect(stepUnread(looking, timeline, true, 'me')).toBe(looking)
  const away = stepUnread({ ...NOTHING_UNREAD, seenAt: 1 }, timeline, false, 'me')
  expect(stepUnread(away, timeline, false, 'me')).toBe(away)
})
