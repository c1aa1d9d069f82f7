import type { HandshakeRequest } from '@rollcall/server'
import { afterEach, describe, expect, test } from 'vitest'
import { refusedHandshake } from './support/peer'
import { startServer } from './support/server'
import { type DialectUnderTest, rollcall, type Speaker, zzz } from './support/speakers'

/*
 * Each kind of bad input, in each dialect with an envelope, while somebody honest is in the same topic: the answer
 * names the limit or the mistake, the connection lives on, and the honest one never notices. (DESIGN 4, law 10; 6)
 */

const topic = 'room:lobby'

interface Room {
  readonly stranger: Speaker
  readonly honest: Speaker
}

let room: Room

async function enter(dialect: DialectUnderTest, options = {}): Promise<Room> {
  const { port } = await startServer(options)
  const honest = await rollcall.speak(port, 'honest')
  await honest.ask(topic, 'phx_join', { meta: { ok: true } })
  await honest.event('presence_state')
  room = { stranger: await dialect.speak(port, 'stranger'), honest }
  return room
}

/** The honest one is where it was, and has heard of nobody but those who really came. */
async function expectUnharmed(): Promise<void> {
  const { stranger, honest } = room
  expect(stranger.peer.closed).toBeNull()
  expect((await stranger.ask('rollcall', 'heartbeat')).status).toBe('ok')
  expect((await honest.ask('rollcall', 'heartbeat')).status).toBe('ok')
  const heard = honest.peer.received.flatMap((frame: any) =>
    frame[3] === 'presence_diff' ? frame[4].joins : [],
  )
  expect(heard.map(({ key }: { key: string }) => key).filter((key: string) => key !== 'stranger')).toEqual([])
}

afterEach(expectUnharmed)

describe.each([rollcall, zzz])('in the $name dialect', (dialect) => {
  /**
   * An event is refused, and says why. In zzz's dialect it goes unanswered (P-23), as the answer to what comes after it
   * shows.
   */
  async function expectRefused(stranger: Speaker, event: string, why: object, payload: object = {}) {
    if (dialect !== zzz)
      return expect((await stranger.ask(topic, event, payload)).response).toMatchObject(why)
    stranger.peer.send(stranger.frame(topic, event, payload, 'unanswered'))
    expect((await stranger.ask('phoenix', 'heartbeat')).status).toBe('ok')
    expect(JSON.stringify(stranger.peer.received)).not.toContain('unanswered')
  }

  test.each([
    ['no JSON', '{nope', 'malformed_frame'],
    ['an empty frame', '', 'malformed_frame'],
    ['a bare number', '5', 'invalid_message'],
    ['JSON null', 'null', 'invalid_message'],
    ['the wrong shape', dialect === rollcall ? '{"a":1}' : '[1,2]', 'invalid_message'],
    ['deep nesting', `${'['.repeat(5000)}${']'.repeat(5000)}`, 'limit_exceeded'],
  ])('[S-10] %s is answered with a fault', async (_what, frame, reason) => {
    const { stranger } = await enter(dialect)
    stranger.peer.send(frame)
    const { status, response } = await stranger.answer()
    expect(status).toBe('fault')
    expect(response.reason).toBe(reason)
    expect(response.message).toMatch(/\.$/)
  })

  test('an array that is too short is answered with a fault', async () => {
    const { stranger } = await enter(dialect)
    stranger.peer.send(
      dialect === rollcall ? '["1","1","room:x","phx_join"]' : '{"topic":"room:x","ref":"1"}',
    )
    expect((await stranger.answer()).response.reason).toBe('invalid_message')
  })

  test.each([
    ['a topic that is a number', 5, 'phx_join', {}, 'topic'],
    ['an empty topic', '', 'phx_join', {}, 'topic'],
    ['an event that is an object', topic, {}, {}, 'event'],
    ['a join payload that is a number', topic, 'phx_join', 5, 'payload'],
    ['a meta that is a string', topic, 'phx_join', { meta: 'x' }, 'meta'],
  ])('%s is answered with the name of the field', async (_what, badTopic, event, payload, field) => {
    const { stranger } = await enter(dialect)
    const { status, response } = await stranger.ask(badTopic, event, payload)
    expect(status).toBe('error')
    expect(response.reason).toBe('invalid_message')
    expect(response.message).toContain(field)
  })

  test('an oversized topic is refused with the limit, the value and the option', async () => {
    const { stranger } = await enter(dialect)
    const { response } = await stranger.ask('ü'.repeat(65), 'phx_join')
    expect(response).toMatchObject({ reason: 'limit_exceeded', limit: 'topicBytes', max: 128, actual: 130 })
    expect(response.option).toBe('limits.topicBytes')
  })

  test('an oversized meta is refused with the limit, and so is an update to one', async () => {
    const { stranger } = await enter(dialect)
    const { response } = await stranger.ask(topic, 'phx_join', { meta: { a: 'x'.repeat(250) } })
    expect(response).toMatchObject({ reason: 'limit_exceeded', limit: 'metaBytes', max: 256, actual: 258 })
    expect((await stranger.ask(topic, 'phx_join', { meta: {} })).status).toBe('ok')
    const update = await stranger.ask(topic, 'presence_update', { meta: { a: 'x'.repeat(250) } })
    expect(update.response).toMatchObject({ reason: 'limit_exceeded', limit: 'metaBytes' })
  })

  test('an oversized event name is refused', async () => {
    const { stranger } = await enter(dialect)
    const { response } = await stranger.ask(topic, 'e'.repeat(129))
    expect(response).toMatchObject({ reason: 'limit_exceeded', limit: 'eventBytes', max: 128, actual: 129 })
  })

  test('an oversized frame is answered, unparsed, and the connection lives', async () => {
    const { stranger } = await enter(dialect)
    stranger.peer.send(stranger.frame(topic, 'big', 'x'.repeat(70_000), 'r'))
    const { status, response } = await stranger.answer()
    expect(status).toBe('fault')
    expect(response).toMatchObject({ reason: 'limit_exceeded', limit: 'frameBytes', max: 65_536 })
  })

  test('a binary frame is answered with a fault', async () => {
    const { stranger } = await enter(dialect)
    stranger.peer.send(Uint8Array.of(0, 1, 2, 255))
    expect((await stranger.answer()).response.reason).toBe('binary_unsupported')
  })

  test('a push to a topic that was not joined is refused, and reaches nobody', async () => {
    const { stranger, honest } = await enter(dialect)
    await expectRefused(stranger, 'new_msg', { reason: 'not_joined' }, { body: 'let me in' })
    expect(JSON.stringify(honest.peer.received)).not.toContain('let me in')
  })

  test.each(['presence_state', 'presence_diff', 'phx_reply', 'phx_close'])(
    '[S-1] %s cannot be forged with a push',
    async (event) => {
      const { stranger, honest } = await enter(dialect)
      await stranger.ask(topic, 'phx_join', { meta: {} })
      const { response } = await stranger.ask(topic, event, { joins: [{ key: 'forged', meta: {} }] })
      expect(response.reason).toBe('reserved_event')
      expect(JSON.stringify(honest.peer.received)).not.toContain('forged')
    },
  )

  test('an unknown event of a channel with handlers is named in the answer', async () => {
    const channels = [{ topicPattern: 'room:*', handlers: { ping: () => ({ pong: true }) } }]
    const { stranger } = await enter(dialect, { channels })
    await stranger.ask(topic, 'phx_join')
    expect(await stranger.ask(topic, 'ping')).toMatchObject({ status: 'ok', response: { pong: true } })
    const message = expect.stringContaining('constructor')
    await expectRefused(stranger, 'constructor', { reason: 'unknown_event', message })
    const reason = dialect === zzz ? 'no such channel' : 'unmatched_topic'
    expect((await stranger.ask('other:x', 'phx_join')).response.reason).toBe(reason)
  })

  test('joining twice is an update of the one presence, and both joins are answered', async () => {
    const { stranger, honest } = await enter(dialect)
    expect((await stranger.ask(topic, 'phx_join', { meta: { n: 1 } })).status).toBe('ok')
    expect((await honest.event('presence_diff')).joins).toMatchObject([{ key: 'stranger', meta: { n: 1 } }])
    expect((await stranger.ask(topic, 'phx_join', { meta: { n: 2 } })).status).toBe('ok')
    const diff = await honest.event('presence_diff')
    expect(diff).toMatchObject({ joins: [], leaves: [], updates: [{ meta: { n: 2 }, rev: 1 }] })
  })

  test('leaving twice is ok twice, and one leave', async () => {
    const { stranger, honest } = await enter(dialect)
    await stranger.ask(topic, 'phx_join', { meta: {} })
    expect((await stranger.ask(topic, 'phx_leave')).status).toBe('ok')
    expect((await stranger.ask(topic, 'phx_leave')).status).toBe('ok')
    expect((await honest.event('presence_diff')).joins).toHaveLength(1)
    expect((await honest.event('presence_diff')).leaves).toMatchObject([{ key: 'stranger', reason: 'left' }])
  })

  test('a full registry refuses with the capacity, and takes the next one when a place is free', async () => {
    const { stranger, honest } = await enter(dialect, { limits: { capacity: 1 } })
    const { response } = await stranger.ask(topic, 'phx_join', { meta: {} })
    expect(response).toMatchObject({ reason: 'capacity_exceeded', limit: 'capacity', max: 1, actual: 2 })
    expect(response.option).toBe('limits.capacity')
    await honest.ask(topic, 'phx_leave')
    expect((await stranger.ask(topic, 'phx_join', { meta: {} })).status).toBe('ok')
  })

  test('more channels than a session may have are refused', async () => {
    const { stranger } = await enter(dialect, { limits: { channelsPerSession: 2 } })
    await stranger.ask('room:1', 'phx_join')
    await stranger.ask('room:2', 'phx_join')
    const { response } = await stranger.ask('room:3', 'phx_join')
    expect(response).toMatchObject({ reason: 'limit_exceeded', limit: 'channelsPerSession', max: 2 })
  })

  test('more keys and values than a frame may have are answered with how many there were', async () => {
    const { stranger } = await enter(dialect)
    stranger.peer.send(stranger.frame(topic, 'new_msg', new Array(5000).fill(0), 'r'))
    const { status, response } = await stranger.answer()
    expect(status).toBe('fault')
    expect(response).toMatchObject({ reason: 'limit_exceeded', limit: 'jsonKeys', max: 4096 })
    expect(response.actual).toBeGreaterThan(5000)
  })

  test.each([
    ['an exponent', '1e400', '1e400'],
    ['a sign', '-1e400', '1e400'],
    ['400 digits', '9'.repeat(400), '9'.repeat(40)],
  ])(
    'a number that others would be told as null, by %s, is refused by name',
    async (_what, number, named) => {
      const { stranger, honest } = await enter(dialect)
      const frame = stranger.frame(topic, 'phx_join', { meta: { n: 0 } }, 'r')
      stranger.peer.send(frame.replace('"n":0', `"n":${number}`))
      const { status, response } = await stranger.answer()
      expect([status, response.reason]).toEqual(['fault', 'invalid_message'])
      expect(response.message).toContain(named)
      expect(JSON.stringify(honest.peer.received)).not.toContain('stranger')
    },
  )

  test.each([
    ['a line break', 'room:\n', 'U+000A at index 5'],
    ['a terminal’s escape', 'room:\u001b[2J', 'U+001B at index 5'],
    ['an override of direction', 'room:\u202eybbol', 'U+202E at index 5'],
    ['half an emoji', 'room:\ud83d', 'U+D83D at index 5'],
    ['a byte order mark', '\ufeffroom:lobby', 'U+FEFF at index 0'],
  ])(
    '[S-41] a topic or event with %s is refused by the number of the character',
    async (_what, name, named) => {
      const { stranger } = await enter(dialect)
      for (const asked of [stranger.ask(name, 'phx_join'), stranger.ask(topic, name)]) {
        const { status, response } = await asked
        expect([status, response.reason]).toEqual(['error', 'invalid_text'])
        expect(response.message).toContain(named)
      }
    },
  )

  test('a ref that is too long is answered without it', async () => {
    const { stranger } = await enter(dialect)
    stranger.peer.send(stranger.frame(topic, 'phx_join', {}, 'r'.repeat(65)))
    const { status, response } = await stranger.answer()
    expect(status).toBe('fault')
    expect(response).toMatchObject({ reason: 'limit_exceeded', limit: 'refBytes', max: 64, actual: 65 })
  })

  test('[S-10] topics and events with the names of prototypes are ordinary', async () => {
    const { stranger } = await enter(dialect)
    for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
      expect((await stranger.ask(name, 'phx_join', { meta: {} })).status).toBe('ok')
      expect(await stranger.ask(name, name)).toMatchObject({ status: 'ok' })
      expect((await stranger.ask(name, 'phx_leave')).status).toBe('ok')
    }
    await expectRefused(stranger, '__proto__', { reason: 'not_joined' })
  })

  test('of a key that comes twice in a meta, everybody is told the last value', async () => {
    const { stranger, honest } = await enter(dialect)
    const frame = stranger.frame(topic, 'phx_join', { meta: { n: 1 } }, 'j')
    stranger.peer.send(frame.replace('{"n":1}', '{"n":1,"m":0,"n":2,"n":3}'))
    expect((await stranger.answer()).status).toBe('ok')
    expect((await honest.event('presence_diff')).joins).toMatchObject([{ meta: { n: 3, m: 0 } }])
    expect(JSON.stringify(await stranger.event('presence_state'))).toContain('{"n":3,"m":0}')
  })

  test('what a meta says is the application’s: half an emoji and an override of direction arrive as they were sent', async () => {
    const { stranger, honest } = await enter(dialect)
    const meta = { '\ud83d': '\udc00', '\u202e': '\u0000\n' }
    await stranger.ask(topic, 'phx_join', { meta })
    expect((await honest.event('presence_diff')).joins).toEqual([expect.objectContaining({ meta })])
  })

  test('[S-10] keys and metas with the names of prototypes are ordinary', async () => {
    const { stranger, honest } = await enter(dialect)
    stranger.peer.send(
      stranger
        .frame(topic, 'phx_join', { meta: {} }, 'j')
        .replace('"meta":{}', '"meta":{"__proto__":{"x":1}}'),
    )
    expect((await stranger.answer()).status).toBe('ok')
    await honest.event('presence_diff')
    expect(JSON.stringify(honest.peer.received.at(-1))).toContain('"__proto__":{"x":1}')
    expect(({} as { x?: number }).x).toBeUndefined()
  })
})

test('a user_id that is too long is refused at the handshake with a body that helps', async () => {
  const { stranger } = await enter(rollcall)
  const url = new URL(stranger.peer.socket.url)
  url.searchParams.set('user_id', 'u'.repeat(65))
  const { status, body } = await refusedHandshake(url.href, 'rollcall.v1')
  expect(status).toBe(400)
  expect(body).toMatchObject({ error: 'limit_exceeded' })
  expect(body.message).toContain('limits.keyBytes')
})

test('[S-41] an identity whose id no name may be is refused at the handshake, and nobody is present under it', async () => {
  const authenticate = ({ params }: HandshakeRequest) => {
    const id = params.get('user_id') ?? ''
    return { id: id === 'mallory' ? 'mal\nlory' : id }
  }
  const { stranger } = await enter(rollcall, { authenticate })
  const url = new URL(stranger.peer.socket.url)
  url.searchParams.set('user_id', 'mallory')
  const { status, body } = await refusedHandshake(url.href, 'rollcall.v1')
  expect([status, body.error]).toEqual([403, 'invalid_text'])
  expect(body.message).toContain('U+000A at index 3')
})

test('[S-41] a user_id or a vix client’s topic that no name may be is refused at the handshake', async () => {
  const { stranger } = await enter(rollcall)
  const { host } = new URL(stranger.peer.socket.url)
  for (const refused of [
    await refusedHandshake(`ws://${host}/socket?user_id=ada%0Aadmin`, 'rollcall.v1'),
    await refusedHandshake(`ws://${host}/?topic=room:%E2%80%AElobby`),
  ]) {
    expect(refused).toMatchObject({ status: 400, body: { error: 'invalid_text' } })
    expect(refused.body.message).toMatch(/U\+(000A|202E)/)
  }
})

test('a subprotocol or path that is not spoken here is refused at the handshake', async () => {
  const { stranger } = await enter(rollcall)
  const { host } = new URL(stranger.peer.socket.url)
  expect(await refusedHandshake(`ws://${host}/socket`, 'graphql-ws')).toMatchObject({ status: 400 })
  const { status, body } = await refusedHandshake(`ws://${host}/nowhere`)
  expect(status).toBe(404)
  expect(body.message).toContain('/socket')
})
