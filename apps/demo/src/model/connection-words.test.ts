import { RollcallError } from '@rollcall/client'
import { expect, test } from 'vitest'
import { connectionWords } from './connection-words'

const fresh = { status: 'connecting', isOnline: true, lastClose: null, identity: null, error: null } as const
const known = { ...fresh, identity: { id: 'u1' } }
const lost = { code: 1006, reason: '' }

test('the first connecting is no alarm, a lost connection is', () => {
  expect(connectionWords(fresh).tone).toBe('pending')
  expect(connectionWords({ ...fresh, lastClose: lost }).tone).toBe('lost')
  expect(connectionWords({ ...fresh, status: 'waiting' }).tone).toBe('lost')
  expect(connectionWords({ ...fresh, status: 'open' }).tone).toBe('good')
})

test('the sentence stays the same while it tries, so that it is read out once', () => {
  const waiting = connectionWords({ ...known, status: 'waiting', lastClose: lost })
  const trying = connectionWords({ ...known, status: 'connecting', lastClose: lost })
  expect(trying.sentence).toBe(waiting.sentence)
})

test('no network is told apart from no server', () => {
  const words = connectionWords({ ...known, status: 'waiting', isOnline: false })
  expect(words.sentence).toMatch(/^You are offline/)
})

test('an end that lasts says why', () => {
  const kicked = { code: 4002, reason: 'kicked' }
  expect(connectionWords({ ...fresh, status: 'closed', lastClose: kicked }).sentence).toContain('kicked')
  expect(connectionWords({ ...fresh, status: 'closed', lastClose: { code: 1000, reason: '' } }).tone).toBe(
    'over',
  )
})

test('who is no longer believed is told what to do about it', () => {
  const error = new RollcallError('expired', 'What proved who we are is over.')
  const lastClose = { code: 4004, reason: 'expired' }
  expect(connectionWords({ ...known, status: 'closed', lastClose, error })).toEqual({
    tone: 'over',
    label: 'Signed out',
    sentence: 'You were signed out. Reload the page to come back.',
  })
})

test('a server that never answered shows nobody to speak of', () => {
  expect(connectionWords({ ...fresh, status: 'waiting', lastClose: lost }).sentence).toBe(
    'The server does not answer.',
  )
})
