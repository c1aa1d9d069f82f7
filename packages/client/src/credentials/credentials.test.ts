import { describe, expect, test } from 'vitest'
import { flushMicrotasks, VirtualClock } from '../testing/virtual-clock'
import { PhoenixReplay } from '../testing-support/phoenix-replay'
import { readCredentials, tokenSubprotocolOf } from './credentials'

const params = { user_id: 'ada' }
const subprotocolOf = async (authToken: string) =>
  tokenSubprotocolOf((await readCredentials({ params, authToken })).token)
const tokenOf = (subprotocol: string | null) =>
  subprotocol && Buffer.from(subprotocol.replace('base64url.bearer.phx.', ''), 'base64').toString('latin1')

describe('[C-29] the token', () => {
  test.each(['s3cret', 'a', 'ab', 'é§ÿ', '???', '>>>', 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2ln-_'])(
    '%j is carried in characters that a subprotocol may have, without padding',
    async (authToken) => {
      const subprotocol = await subprotocolOf(authToken)
      expect(subprotocol).toMatch(/^base64url\.bearer\.phx\.[A-Za-z0-9+_]+$/)
      expect(tokenOf(subprotocol)).toBe(authToken)
    },
  )

  test('is as the official client has it, for every token that this one can send', async () => {
    for (const authToken of ['s3cret', 'SFMyNTY.g2gDYQFuBgD.x-y_z', 'é>>']) {
      expect(await subprotocolOf(authToken)).toBe(`base64url.bearer.phx.${btoa(authToken).replace(/=/g, '')}`)
    }
  })

  test.each([null, () => null, () => undefined, async () => null])('may be none: %s', async (authToken) => {
    const params = { user_id: 'ada', none: null, n: 7 }
    const texts = new Map([
      ['user_id', 'ada'],
      ['n', '7'],
    ])
    expect(await readCredentials({ params, authToken })).toEqual({ params: texts, token: null })
  })

  test('comes of a function beside params of another, each asked once', async () => {
    let calls = 0
    const count = () => String(++calls)
    const made = await readCredentials({ params: () => ({ n: count() }), authToken: async () => count() })
    expect(made).toEqual({ params: new Map([['n', '1']]), token: '2' })
  })

  test('of a function that fails is a failure with its name', async () => {
    const cause = new Error('no network')
    const authToken = () => Promise.reject(cause)
    await expect(readCredentials({ params, authToken })).rejects.toMatchObject({
      code: 'params_failed',
      message: 'The function authToken threw: no network',
      cause,
    })
  })

  test.each([
    ['', /not an empty string/],
    [{ token: 'very.secret' }, /not of type object/],
    ['very.secret ключ', /not Latin-1/],
  ])('%j of a function is refused, without saying what it was', async (value, message) => {
    const refused = readCredentials({ params, authToken: () => value as string })
    const error = await Promise.resolve(refused).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'invalid_argument', message: expect.stringMatching(message) })
    expect(String(error)).not.toMatch(/secret|ключ/)
  })
})

test('[C-29] the function is asked anew for every connection, and one that fails is asked again', async () => {
  const tokens = ['t1', null, 't3']
  const clock = new VirtualClock()
  const authToken = () => {
    const token = tokens.shift()
    if (token === null) throw new Error('not yet')
    return token
  }
  const { socket, secrets, ...replay } = new PhoenixReplay(clock, { authToken })
  await flushMicrotasks()
  expect(secrets.map((secret) => tokenOf(secret ?? null))).toEqual(['t1'])
  expect(replay.urls.join()).not.toContain('t1')
  socket.reconnectNow()
  await socket.disconnect()
  socket.connect()
  await flushMicrotasks()
  expect(socket.getSnapshot()).toMatchObject({ status: 'waiting', error: { code: 'params_failed' } })
  await clock.advance(10)
  expect(secrets.map((secret) => tokenOf(secret ?? null))).toEqual(['t1', 't3'])
})
