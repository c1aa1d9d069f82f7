import { defineChannel, type ServerOptions } from '@rollcall/server'
import { describe, expect, test } from 'vitest'
import { connect, type Peer } from '../support/peer'
import { startServer } from '../support/server'
import { answerTo, connectSocket, eventually, joined, newSocket, nextEvent } from './support/client'
import { recordedChannel } from './support/recorded-channel'

/* The official client's Channel and Push, unmodified; and, frame by frame, what it never lets a program see. */

const topic = 'room:lobby'
const start = (options: ServerOptions = {}) => startServer({ channels: [recordedChannel], ...options })

test('[P-15] nobody answers another’s pending push', async () => {
  let answer = (_balance: number) => {}
  const asked = new Promise<number>((resolve) => {
    answer = resolve
  })
  const bank = defineChannel({
    topicPattern: 'room:*',
    handlers: { balance: async () => ({ balance: await asked }) },
    unhandled: (ctx, event, payload) => ctx.broadcast(event, payload),
  })
  const { port } = await startServer({ channels: [bank] })
  const victim = await joined(await connectSocket(port, 'victim'), topic)
  const mallory = await joined(await connectSocket(port, 'mallory'), topic)
  const answered = answerTo(victim.push('balance', {}))
  for (let ref = 1; ref <= 20; ref++) {
    const forged = mallory.push(`chan_reply_${ref}`, { status: 'ok', response: { balance: 1_000_000 } })
    expect(await answerTo(forged)).toMatchObject({ status: 'error', response: { reason: 'reserved_event' } })
  }
  // It comes after anything that the server might have passed on.
  mallory.push('said', {})
  await nextEvent(victim, 'said')
  answer(5)
  expect(await answered).toEqual({ status: 'ok', response: { balance: 5 } })
})

describe('joining', () => {
  test('a join is answered with ok', async () => {
    const { port } = await start()
    const socket = await connectSocket(port, 'ada')
    const channel = socket.channel(topic)
    expect(await answerTo(channel.join())).toEqual({ status: 'ok', response: {} })
    expect(channel.state).toBe('joined')
  })

  test('a join before the socket is open is sent when it is', async () => {
    const { port } = await start()
    const socket = newSocket(port, { params: { user_id: 'ada' } })
    const channel = socket.channel(topic)
    const answer = answerTo(channel.join())
    socket.connect()
    expect((await answer).status).toBe('ok')
  })

  test('a join that the channel refuses is answered with error and its reason, and tried again by the client', async () => {
    const { port } = await start()
    const socket = await connectSocket(port, 'ada')
    const channel = socket.channel(topic, () => ({ deny: 'nope' }))
    let refusals = 0
    const push = channel.join().receive('error', () => void refusals++)
    expect(await answerTo(push)).toMatchObject({ status: 'error', response: { reason: 'nope' } })
    expect(channel.state).toBe('errored')
    await eventually(() => refusals >= 3)
  })

  test('a topic that no channel serves is refused as "unmatched topic"', async () => {
    const { port } = await start()
    const socket = await connectSocket(port, 'ada')
    const { status, response } = await answerTo(socket.channel('other:x').join())
    expect([status, response.reason]).toEqual(['error', 'unmatched topic'])
    expect(response.message).toContain('other:x')
  })

  test('a join that breaks a limit is refused with the limit', async () => {
    const { port } = await start()
    const socket = await connectSocket(port, 'ada')
    const { status, response } = await answerTo(socket.channel(`room:${'ü'.repeat(65)}`).join())
    expect(status).toBe('error')
    expect(response).toMatchObject({ reason: 'limit_exceeded', limit: 'topicBytes' })
  })

  test('a second join of the same topic takes over, and the first channel is closed', async () => {
    const { port } = await start()
    const socket = await connectSocket(port, 'ada')
    const first = await joined(socket, topic)
    const closed = new Promise<void>((resolve) => first.onClose(() => resolve()))
    const second = await joined(socket, topic)
    await closed
    expect([first.state, second.state]).toEqual(['closed', 'joined'])
    expect(await answerTo(second.push('echo', { n: 1 }))).toEqual({ status: 'ok', response: { n: 1 } })
  })
})

describe('pushing', () => {
  test('a push is answered with ok and the response, with error, or with timeout', async () => {
    const { port } = await start()
    const channel = await joined(await connectSocket(port, 'ada'), topic)
    expect(await answerTo(channel.push('echo', { a: [1, null] }))).toEqual({
      status: 'ok',
      response: { a: [1, null] },
    })
    const refused = await answerTo(channel.push('fail', {}))
    expect(refused).toMatchObject({ status: 'error', response: { reason: 'no_way', because: 'it said so' } })
    expect((await answerTo(channel.push('silent', {}, 60))).status).toBe('timeout')
  })

  test('a push before the join is answered waits for it', async () => {
    const { port } = await start()
    const socket = await connectSocket(port, 'ada')
    const channel = socket.channel(topic)
    channel.join()
    expect(await answerTo(channel.push('echo', { early: true }))).toEqual({
      status: 'ok',
      response: { early: true },
    })
    expect(() => socket.channel('room:other').push('echo', {})).toThrow('before joining')
  })

  test('broadcast reaches everybody, broadcastFrom all but the sender, push the sender alone', async () => {
    const { port } = await start()
    const ada = await joined(await connectSocket(port, 'ada'), topic)
    const bob = await joined(await connectSocket(port, 'bob'), topic)
    const heard: string[] = []
    for (const [who, channel] of Object.entries({ ada, bob })) {
      for (const event of ['new_msg', 'shouted', 'whispered']) {
        channel.on(event, ({ body }) => void heard.push(`${who} ${event} ${body}`))
      }
    }
    for (const event of ['new_msg', 'shout', 'whisper']) await answerTo(ada.push(event, { body: 'hi' }))
    await answerTo(bob.push('echo', {}))
    expect(heard.sort()).toEqual(['ada new_msg hi', 'ada whispered hi', 'bob new_msg hi', 'bob shouted hi'])
  })

  test('a handler that throws answers with error, and the channel lives on', async () => {
    const { port } = await start()
    const channel = await joined(await connectSocket(port, 'ada'), topic)
    const errors: unknown[] = []
    channel.onError((reason) => void errors.push(reason))
    expect(await answerTo(channel.push('crash', {}))).toMatchObject({
      status: 'error',
      response: { reason: 'handler_failed' },
    })
    expect((await answerTo(channel.push('echo', {}))).status).toBe('ok')
    expect([errors, channel.state]).toEqual([[], 'joined'])
  })

  test('an event that the channel has no handler for is answered with error, and the channel lives on', async () => {
    const { port } = await start()
    const channel = await joined(await connectSocket(port, 'ada'), topic)
    const { status, response } = await answerTo(channel.push('no_such_event', {}))
    expect([status, response.reason, channel.state]).toEqual(['error', 'unknown_event', 'joined'])
  })

  test.each(['presence_state', 'presence_diff', 'phx_reply', 'phx_close'])(
    '%s cannot be forged with a push',
    async (event) => {
      const { port } = await start()
      const ada = await joined(await connectSocket(port, 'ada'), topic)
      const bob = await connect(`ws://127.0.0.1:${port}/socket/websocket?user_id=bob&vsn=2.0.0`)
      bob.send(['1', '1', topic, 'phx_join', {}])
      await bob.next(([, , , name]) => name === 'presence_state')
      const { status, response } = await answerTo(ada.push(event, { joins: {}, leaves: {} }))
      expect([status, response.reason]).toEqual(['error', 'reserved_event'])
      // Nothing of it came to Bob: what he is told next is what was pushed next.
      await answerTo(ada.push('new_msg', { n: 1 }))
      expect((await bob.next())[3]).toBe('new_msg')
    },
  )

  test('an event called presence_list is a program’s own', async () => {
    const { port } = await start()
    const channel = await joined(await connectSocket(port, 'ada'), topic, { meta: { color: 'red' } })
    const { response } = await answerTo(channel.push('presence_list', {}))
    expect(response).toEqual({
      ada: { metas: [{ phx_ref: expect.any(String), color: 'red', online_at: '1' }] },
    })
  })
})

describe('leaving', () => {
  test('leave is answered with ok, closes the channel, and its presence is gone', async () => {
    const server = await start()
    const socket = await connectSocket(server.port, 'ada')
    const channel = await joined(socket, topic)
    const closed = new Promise<void>((resolve) => channel.onClose(() => resolve()))
    expect((await answerTo(channel.leave())).status).toBe('ok')
    await closed
    expect(channel.state).toBe('closed')
    // The client answers its own leave without waiting for the server.
    await expect.poll(() => server.registry.list(topic)).toEqual([])
    await joined(socket, topic)
    expect(await server.registry.list(topic)).toHaveLength(1)
  })

  test('a channel that the server ends is closed at the client, after the reply', async () => {
    const { port } = await start()
    const channel = await joined(await connectSocket(port, 'ada'), topic)
    const closed = new Promise<void>((resolve) => channel.onClose(() => resolve()))
    expect((await answerTo(channel.push('stop', {}))).status).toBe('ok')
    await closed
    expect(channel.state).toBe('closed')
  })

  test('a closed connection is an error to each channel, and a rejoin', async () => {
    const { port } = await start()
    const socket = await connectSocket(port, 'ada')
    const channels = [await joined(socket, topic), await joined(socket, 'room:other')]
    let errors = 0
    for (const channel of channels) channel.onError(() => void errors++)
    // @ts-expect-error its type does not know the transport instance
    socket.conn.terminate()
    await eventually(() => errors === 2)
    await eventually(() => channels.every(({ state }) => state === 'joined'))
    const news = nextEvent(channels[0]!, 'new_msg')
    await answerTo(channels[0]!.push('new_msg', { body: 'again' }))
    expect(await news).toEqual({ body: 'again' })
  })
})

describe.each([
  [
    '2.0.0',
    (joinRef: unknown, ref: unknown, name: unknown, event: string, payload: unknown = {}) =>
      JSON.stringify([joinRef, ref, name, event, payload]),
  ],
  [
    '1.0.0',
    (joinRef: unknown, ref: unknown, name: unknown, event: string, payload: unknown = {}) =>
      JSON.stringify({ topic: name, event, payload, ref, join_ref: joinRef }),
  ],
] as const)('frame by frame, in version %s', (vsn, frame) => {
  const isV2 = vsn === '2.0.0'

  async function open(options: ServerOptions = {}): Promise<Peer> {
    const { port } = await start(options)
    return connect(`ws://127.0.0.1:${port}/socket/websocket?user_id=ada&vsn=${vsn}`)
  }

  /** What a server says, as V2 would say it; in V1 no frame has a join_ref. */
  const said = (joinRef: unknown, ref: unknown, name: string, event: string, payload: object = {}) =>
    isV2 ? [joinRef, ref, name, event, payload] : { topic: name, event, payload, ref }
  const ok = { status: 'ok', response: {} }
  const unmatched = { status: 'error', response: { reason: 'unmatched topic', message: expect.any(String) } }
  const replyTo = (ref: unknown) => (got: any) =>
    isV2 ? got[1] === ref && got[3] === 'phx_reply' : got.ref === ref && got.event === 'phx_reply'

  test('a push to a topic that was not joined is "unmatched topic"; leaving one is ok', async () => {
    const peer = await open()
    peer.send(frame('1', '1', 'room:nope', 'new_msg'))
    expect(await peer.next()).toEqual(said(null, '1', 'room:nope', 'phx_reply', unmatched))
    peer.send(frame(null, '2', 'room:nope', 'phx_leave'))
    expect(await peer.next()).toEqual(said(null, '2', 'room:nope', 'phx_reply', ok))
  })

  test('numeric refs go back as numbers', async () => {
    const peer = await open()
    peer.send(frame(7, 7, 'room:num', 'phx_join'))
    expect(await peer.next()).toEqual(said(7, 7, 'room:num', 'phx_reply', ok))
    peer.send(frame(7, 8, 'room:num', 'phx_leave'))
    expect(await peer.next(replyTo(8))).toEqual(said(7, 8, 'room:num', 'phx_reply', ok))
    expect(await peer.next()).toEqual(said(7, 7, 'room:num', 'phx_close'))
  })

  test('no frame of the server has more or fewer fields than recorded', async () => {
    const peer = await open()
    peer.send(frame('1', '1', topic, 'phx_join'))
    peer.send(frame('1', '2', topic, 'new_msg', { body: 'hi' }))
    peer.send(frame(null, '3', 'phoenix', 'heartbeat'))
    peer.send(frame('1', '4', topic, 'phx_leave'))
    await peer.next(replyTo('4'))
    await peer.next()
    const shapes = new Set(peer.received.map((got: any) => Object.keys(got).sort().join()))
    expect([...shapes]).toEqual([isV2 ? '0,1,2,3,4' : 'event,payload,ref,topic'])
  })

  test('after a second join the first one ends by its own ref, and what names it is not taken', async () => {
    const peer = await open()
    peer.send(frame('1', '1', topic, 'phx_join'))
    await peer.next(replyTo('1'))
    peer.send(frame('2', '2', topic, 'phx_join'))
    await peer.next(replyTo('2'))
    const closes = peer.received.filter((got: any) => (isV2 ? got[3] : got.event) === 'phx_close')
    expect(closes).toMatchObject([
      isV2 ? ['1', '1', topic, 'phx_close', { reason: 'replaced' }] : { ref: '1', topic },
    ])

    // The stale and the future join_ref: no handler runs. The answer names that join, so the client drops it.
    peer.send(frame('1', '3', topic, 'new_msg', { body: 'stale' }))
    const stale = await peer.next(replyTo('3'))
    expect(isV2 ? stale[0] : stale.payload.status).toBe(isV2 ? '1' : 'error')
    peer.send(frame('99', '5', topic, 'new_msg', { body: 'future' }))
    await peer.next(replyTo('5'))
    peer.send(frame(null, '4', topic, 'echo', { a: 2 }))
    expect(await peer.next(replyTo('4'))).toEqual(
      said('2', '4', topic, 'phx_reply', { status: 'ok', response: { a: 2 } }),
    )
    expect(JSON.stringify(peer.received)).not.toMatch(/"body":/)
  })

  test('a heartbeat is answered; another event of the topic phoenix is "unmatched topic"', async () => {
    const peer = await open()
    peer.send(frame(null, '1', 'phoenix', 'heartbeat'))
    expect(await peer.next()).toEqual(said(null, '1', 'phoenix', 'phx_reply', ok))
    for (const [index, event] of ['zap', 'hello', 'goodbye', 'phx_join'].entries()) {
      peer.send(frame(null, `z${index}`, 'phoenix', event))
      expect(await peer.next()).toEqual(said(null, `z${index}`, 'phoenix', 'phx_reply', unmatched))
    }
    expect(peer.closed).toBeNull()
  })

  test('a frame that cannot be read is answered with a fault, and the connection lives on', async () => {
    const peer = await open()
    for (const bad of [
      '{nope',
      '',
      isV2 ? '{"a":1}' : '[1,2]',
      isV2 ? '["1","1","room:x","phx_join"]' : '5',
    ]) {
      peer.send(bad)
      const got = await peer.next()
      expect(isV2 ? got[3] : got.event).toBe('fault')
    }
    peer.send(frame('1', '1', topic, 'phx_join', 5))
    expect(await peer.next()).toEqual(
      said('1', '1', topic, 'phx_reply', {
        status: 'error',
        response: { reason: 'invalid_message', message: expect.any(String) },
      }),
    )
    expect(peer.closed).toBeNull()
  })

  test('a position in the join’s payload does not keep the state away', async () => {
    const peer = await open()
    peer.send(frame('1', '1', topic, 'phx_join', { presence_since: { epoch: 'e', seq: 0 } }))
    await peer.next(replyTo('1'))
    const state = await peer.next()
    expect(isV2 ? state[3] : state.event).toBe('presence_state')
  })
})
