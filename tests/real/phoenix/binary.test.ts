import type { Channel } from 'phoenix'
import { describe, expect, test } from 'vitest'
import { connect } from '../support/peer'
import { startServer } from '../support/server'
import { answerTo, connectSocket, joined, nextEvent } from './support/client'
import { recordedChannel } from './support/recorded-channel'

/* Payloads of bytes, both ways: in binary frames where the dialect has them, as {base64} elsewhere. */

const topic = 'room:lobby'
const bytes = Uint8Array.from({ length: 256 }, (_, i) => i)
const buffer = () => bytes.slice().buffer as ArrayBuffer
const start = () => startServer({ channels: [recordedChannel] })

test('an ArrayBuffer goes to the handler as bytes, and the reply comes back as an ArrayBuffer', async () => {
  const seen: unknown[] = []
  const { port } = await startServer({
    channels: [
      {
        topicPattern: 'room:*',
        handlers: {
          echo(_ctx, payload) {
            seen.push(payload)
            return payload
          },
          async later(_ctx, payload) {
            // Longer than the socket's memory stays as it is.
            await new Promise((resolve) => setImmediate(resolve))
            return payload
          },
        },
      },
    ],
  })
  const channel = await joined(await connectSocket(port, 'ada'), topic)
  const { status, response } = await answerTo(channel.push('echo', buffer()))
  expect(status).toBe('ok')
  expect(response).toBeInstanceOf(ArrayBuffer)
  expect(new Uint8Array(response)).toEqual(bytes)
  expect(seen).toEqual([bytes])
  const answers = [1, 2, 3].map((n) =>
    answerTo(channel.push('later', Uint8Array.of(n, n).buffer as ArrayBuffer)),
  )
  expect((await Promise.all(answers)).map(({ response: one }) => [...new Uint8Array(one)])).toEqual([
    [1, 1],
    [2, 2],
    [3, 3],
  ])
  const empty = await answerTo(channel.push('echo', new ArrayBuffer(0)))
  expect(empty.response.byteLength).toBe(0)
})

test('a binary broadcast, a binary push and an ordinary reply arrive as what they are', async () => {
  const { port } = await start()
  const ada = await joined(await connectSocket(port, 'ada'), topic)
  const bob = await joined(await connectSocket(port, 'bob'), topic)
  const heard = [ada, bob].map((channel) => nextEvent(channel, 'new_msg'))
  expect((await answerTo(ada.push('new_msg', buffer()))).response).toEqual({})
  for (const payload of await Promise.all(heard)) expect(new Uint8Array(payload)).toEqual(bytes)
  const whispered = nextEvent(ada, 'whispered')
  await answerTo(ada.push('whisper', buffer()))
  expect(new Uint8Array(await whispered)).toEqual(bytes)
})

describe('to a speaker of a dialect without binary frames, bytes are {base64}', () => {
  const base64 = { base64: Buffer.from(bytes).toString('base64') }

  test.each([
    ['phoenix-v1', '/socket/websocket?', undefined, { topic, event: 'phx_join', payload: {}, ref: '1' }],
    ['zzz', '/socket?', undefined, { topic, event: 'phx_join', payload: {}, ref: '1' }],
    ['rollcall', '/socket?', 'rollcall.v1', ['1', '1', topic, 'phx_join', {}]],
    ['vix', `/?topic=${topic}&`, undefined, { type: 'presence.join', payload: { user: 'other' } }],
  ])('%s', async (_dialect, path, subprotocol, hello) => {
    const { port } = await startServer({ channels: [{ ...recordedChannel, observable: true }] })
    const other = await connect(`ws://127.0.0.1:${port}${path}user_id=other`, subprotocol)
    other.send(hello)
    await other.next()
    const ada = await joined(await connectSocket(port, 'ada'), topic)
    const own = nextEvent(ada, 'new_msg')
    await answerTo(ada.push('new_msg', buffer()))
    const frame = await other.next((got) => JSON.stringify(got).includes('new_msg'))
    expect(Array.isArray(frame) ? frame[4] : frame.payload).toEqual(base64)
    expect(new Uint8Array(await own)).toEqual(bytes)
  })
})

test('the server’s own program broadcasts bytes, and they cross to another node', async () => {
  const { MemoryStore, MemoryStoreState } = await import('@rollcall/server')
  const shared = new MemoryStoreState('shared-')
  const options = { channels: [recordedChannel] }
  const one = await startServer({ ...options, store: new MemoryStore(shared) })
  const two = await startServer({ ...options, store: new MemoryStore(shared) })
  const channels: Channel[] = []
  for (const { port } of [one, two])
    channels.push(await joined(await connectSocket(port, `at-${port}`), topic))
  const heard = channels.map((channel) => nextEvent(channel, 'news'))
  one.broadcast(topic, 'news', bytes)
  for (const payload of await Promise.all(heard)) expect(new Uint8Array(payload)).toEqual(bytes)
})

test('a binary frame that is cut off is answered with a fault, and the connection lives on', async () => {
  const { port } = await start()
  const peer = await connect(`ws://127.0.0.1:${port}/socket/websocket?user_id=ada&vsn=2.0.0`)
  for (const bad of [[], [0], [0, 1, 1, 200, 9, 49, 50], [7, 0, 0, 0, 0], [0, 0, 0, 1, 1, 0xff, 0xfe]]) {
    peer.send(Uint8Array.from(bad))
    const [, , on, event, { reason }] = await peer.next()
    expect([on, event, reason]).toEqual(['phoenix', 'fault', 'malformed_frame'])
  }
  expect(peer.closed).toBeNull()
})
