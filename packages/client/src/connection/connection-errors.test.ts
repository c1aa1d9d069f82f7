import { describe, expect, test } from 'vitest'
import {
  closeError,
  connectTimeoutError,
  endError,
  expiredError,
  silenceError,
  suspendedError,
} from './connection-errors'

const told = ({ code, message, reason }: ReturnType<typeof endError>) => ({ code, message, reason })

describe('why a socket is not open', () => {
  test.each([
    [4002, 'kicked', 'The server ended the session (code 4002: spam).'],
    [1008, 'refused', 'The server refused the connection (code 1008: spam).'],
    [1006, 'disconnected', 'The connection ended (code 1006: spam).'],
  ] as const)('is, after close code %i, the error %s with the server’s reason', (code, name, message) => {
    expect(told(closeError({ code, reason: 'spam' }))).toEqual({ code: name, message, reason: 'spam' })
  })

  test('has no reason, and none in its text, where the server gave none', () => {
    const { code, message, reason } = closeError({ code: 4002, reason: '' })
    expect([code, message]).toEqual(['kicked', 'The server ended the session (code 4002).'])
    expect(reason).toBe(endError({ code: 1000, reason: '' }).reason)
    expect(reason).not.toBe('')
  })

  test('is plainly an end where the code does not matter', () => {
    expect(endError({ code: 4002, reason: '' })).toMatchObject({
      code: 'disconnected',
      message: 'The connection ended (code 4002).',
    })
  })

  test('names the phase that took too long, the time and the option', () => {
    expect(connectTimeoutError('connecting', 7)).toMatchObject({
      code: 'timeout',
      message: 'No connection within 7 ms (connectTimeoutMs). Check the address.',
    })
    expect(connectTimeoutError('handshaking', 7)).toMatchObject({
      code: 'timeout',
      message: 'The server accepted the connection, but did not reply within 7 ms (connectTimeoutMs).',
    })
  })

  test('says what to do once the credentials are over, and that a heartbeat was not answered', () => {
    expect(expiredError().code).toBe('expired')
    expect(expiredError().message).toMatch(/Sign in and call connect\(\)/)
    expect(silenceError().code).toBe('disconnected')
    expect(silenceError().message).toMatch(/did not answer a heartbeat/)
  })

  test('[C-38] says of a page that the browser suspended that nobody has to do anything', () => {
    expect(suspendedError()).toMatchObject({
      code: 'disconnected',
      message: 'The browser suspended the page. The socket reconnects with it.',
    })
  })
})
