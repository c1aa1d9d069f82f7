import { Duplex } from 'node:stream'
import { describe, expect, onTestFinished, test } from 'vitest'
import * as ws from 'ws'
import { clientFrame, closeFrame, deflated, text } from '../testing-support/client-frames'
import { until } from '../testing-support/until'
import { type WiredPairOptions, type WiredPeer, wiredPair } from '../testing-support/wired-pair'
import { systemClock } from './clock'
import { Packet, PacketBatch } from './packet'
import { ReadScheduler } from './read-scheduler'
import { WsWire } from './ws-wire'

const compression = { thresholdBytes: 1024, level: 6 }
const send = (wire: WsWire, ...frames: (string | Uint8Array)[]) => wire.send([new Packet(frames)])
const ping = (body = '') => ({ opcode: 9, payload: Buffer.from(body) })
const pong = { opcode: 10, payload: Buffer.alloc(0) }

async function open(options: WiredPairOptions = {}) {
  const pair = await wiredPair(ws, options)
  onTestFinished(pair.end)
  return pair
}

/** Fills what the operating system takes, and then some. */
function clog(wire: WsWire, peer: WiredPeer, moreBytes: number): number {
  peer.socket.pause()
  let sent = 0
  while (wire.bufferedBytes < moreBytes) sent += send(wire, 'x'.repeat(50_000))
  return sent
}

/** A wire over a socket that takes a write only when it is told to, and never has much enough to say so. */
function slowSocket() {
  const taken: (() => void)[] = []
  const socket = new Duplex({
    highWaterMark: 1_000_000,
    read: () => {},
    write: (_chunk, _encoding, callback) => void taken.push(callback),
  })
  const told: string[] = []
  const reading = { maxMessageBytes: 1000, isCompressed: false }
  const wire = new WsWire(socket, {
    clock: systemClock,
    batch: new PacketBatch(systemClock),
    readScheduler: new ReadScheduler(systemClock),
    compression: null,
    closeTimeoutMs: 1000,
    reading,
  })
  const ignore = () => {}
  wire.listen(
    {
      onMessage: ignore,
      onNonMessageBytes: ignore,
      onPong: ignore,
      onClose: ignore,
      onDrain: () => void told.push(`drain ${wire.bufferedBytes}`),
    },
    Buffer.alloc(0),
  )
  return { wire, told, release: () => taken.shift()?.() }
}

describe('messages', () => {
  test.each([null, compression])(
    'go both ways, small and large, texts and bytes (%j)',
    async (compression) => {
      const { wire, peer, told } = await open({ compression })
      const sent = ['small', 'x'.repeat(3000), 'y'.repeat(70_000)]
      send(wire, ...sent)
      send(wire, new Uint8Array(5000))
      expect(await peer.heard(4)).toEqual([...sent, 5000])
      peer.say(text('hello'), { opcode: 2, payload: Buffer.alloc(70_000) })
      await until(() => told.length === 2, 'both')
      expect(told).toEqual(['text hello', 'bytes 70000'])
    },
  )

  test('that are compressed are inflated', async () => {
    const { peer, told } = await open({ compression })
    peer.say({ ...text(''), payload: deflated(Buffer.from('packed')), isCompressed: true })
    await until(() => told.length === 1, 'it')
    expect(told).toEqual(['text packed'])
  })

  test('that came in one piece with the handshake are heard, and what follows them', async () => {
    const whole = Buffer.concat([clientFrame(text('first')), clientFrame(text('second'))])
    const { peer, told } = await open({ head: Buffer.from(whole.subarray(0, 14)) })
    expect(told).toEqual(['text first'])
    peer.socket.write(whole.subarray(14))
    await until(() => told.length === 2, 'the second')
    expect(told).toEqual(['text first', 'text second'])
  })

  test('[S-12] of one call leave in one write', async () => {
    const { wire, own, peer } = await open()
    let chunks = 0
    peer.socket.on('data', () => chunks++)
    const before = own.bytesWritten
    wire.send([new Packet(['a']), new Packet(['b', 'c'])])
    expect(await peer.heard(3)).toEqual(['a', 'b', 'c'])
    expect([chunks, own.bytesWritten - before]).toEqual([1, 9])
  })

  test('[S-9] are counted as they are on the wire, save a state', async () => {
    const { wire } = await open({ compression })
    const large = 'x'.repeat(5000)
    expect(wire.send([new Packet([large], true)])).toBe(0)
    expect(wire.send([new Packet([large])])).toBeLessThan(100)
    expect(wire.send([new Packet(['abc']), new Packet([large], true)])).toBe(5)
  })
})

describe('a ping', () => {
  test('is answered with what it said, and is a sign of life', async () => {
    const { peer, told } = await open()
    peer.say(ping('are you there'), pong)
    await until(() => told.length === 2 && peer.receiver.pongs === 1, 'the pong')
    expect(told).toEqual(['pong', 'pong'])
  })

  test('[S-42] of many that come at once the latest is answered', async () => {
    const { peer, told } = await open()
    peer.say(...Array.from({ length: 1000 }, (_, i) => ping(`${i}`)))
    await until(() => told.length === 1000 && peer.receiver.pongs > 0, 'the pong')
    peer.say(ping('last'))
    await until(() => told.length === 1001 && peer.receiver.pongs > 1, 'the pong to the last')
    // The system may have cut them in a few reads.
    expect(peer.receiver.pongs).toBeLessThan(20)
  })

  test('[S-42] is answered within a message, too, but no sign of life before that is whole', async () => {
    const { peer, told } = await open()
    peer.say({ opcode: 1, payload: Buffer.from('be'), isFinal: false }, ping('between'), pong)
    await until(() => peer.receiver.pongs === 1, 'the pong')
    expect(told).toEqual([])
    peer.say({ opcode: 0, payload: Buffer.from('gun') }, pong)
    await until(() => told.length === 2, 'the message')
    expect(told).toEqual(['text begun', 'pong'])
  })

  test('[S-42] that comes with the handshake is answered', async () => {
    const { peer } = await open({ head: clientFrame(ping('early')) })
    await until(() => peer.receiver.pongs === 1, 'the pong')
  })

  test('[S-50] costs its sender its bytes', async () => {
    const { peer, unread } = await open()
    peer.say(ping('x'.repeat(125)), pong)
    await until(() => unread.bytes === 131 + 6, 'them')
  })

  test('of ours has the peer answer', async () => {
    const { wire, peer } = await open()
    wire.ping()
    await until(() => peer.receiver.pings.length === 1, 'the ping')
    expect(peer.receiver.pings).toEqual([''])
  })

  test('[S-9] of a peer that reads nothing is not answered, so that its pongs do not pile up', async () => {
    const { wire, peer, told } = await open()
    clog(wire, peer, 100_000)
    const before = wire.bufferedBytes
    for (let i = 0; i < 1000; i++) peer.say(ping('x'.repeat(125)))
    await until(() => told.length === 1000, 'all of them')
    expect(wire.bufferedBytes).toBe(before)
    peer.socket.resume()
    await until(() => wire.bufferedBytes === 0, 'the drain')
    peer.say(ping('now'))
    await until(() => peer.receiver.pongs === 1, 'one that is answered')
  })
})

describe('[S-9] when all has left', () => {
  test('it is told, once', async () => {
    const { wire, peer, told } = await open()
    clog(wire, peer, 500_000)
    expect(told).toEqual([])
    peer.socket.resume()
    await until(() => told.length > 0, 'the drain')
    expect(told).toEqual(['drain 0'])
  })

  test('it is told of what was little, too, where that is watched, and not before all of it has left', async () => {
    const { wire, told, release } = slowSocket()
    send(wire, 'little')
    wire.watchDrain()
    send(wire, 'more')
    expect(wire.bufferedBytes).toBe(14)
    for (let left = 0; wire.bufferedBytes > 0; left++) {
      expect([told, left < 10]).toEqual([[], true])
      release()
    }
    release()
    await until(() => told.length > 0, 'the drain')
    expect(told).toEqual(['drain 0'])
  })

  test('it is not told of a peer that is gone', async () => {
    const { wire, peer, told } = await open()
    clog(wire, peer, 500_000)
    wire.watchDrain()
    wire.terminate()
    await until(() => told.length > 0, 'the end')
    await new Promise((resolve) => setImmediate(resolve))
    expect(told).toEqual(['close 1006 '])
  })
})

test('[S-101] of one large write it can be seen that a part has left, and that nothing moves', async () => {
  const { wire, peer } = await open()
  peer.socket.pause()
  send(wire, 'x'.repeat(20_000_000))
  // The system takes what it has room for, and then no more.
  let sent = -1
  await until(() => {
    const isStill = wire.sentBytes === sent
    sent = wire.sentBytes
    return isStill
  }, 'the system’s buffers to be full')
  const { bufferedBytes } = wire
  expect(bufferedBytes).toBeGreaterThan(8_000_000)
  expect(bufferedBytes + sent).toBeGreaterThan(20_000_000)
  let read = 0
  const readSome = (chunk: Buffer) => {
    read += chunk.length
    if (read > 8_000_000) peer.socket.pause()
  }
  peer.socket.on('data', readSome)
  peer.socket.resume()
  await until(() => wire.sentBytes > sent, 'some of it to leave')
  expect(wire.bufferedBytes - bufferedBytes).toBe(sent - wire.sentBytes)
  expect(wire.bufferedBytes).toBeGreaterThan(0)
  peer.socket.off('data', readSome)
  peer.socket.resume()
  await until(() => wire.bufferedBytes === 0, 'the rest')
  expect(wire.sentBytes).toBeGreaterThan(20_000_000)
})

test('[S-101] what comes after a large write waits behind it: a message, and the answer to a close', async () => {
  const { wire, peer, told } = await open()
  peer.socket.pause()
  send(wire, 'x'.repeat(20_000_000))
  send(wire, 'behind it')
  peer.say(pong, closeFrame(4001, 'bye'))
  await until(() => told.length === 1, 'them to be read')
  expect(send(wire, 'too late')).toBe(0)
  expect(wire.bufferedBytes).toBeGreaterThan(8_000_000)
  peer.socket.resume()
  await until(() => peer.isEnded, 'the end')
  const { messages, end } = peer.receiver
  expect(messages.map(({ data }) => data.length)).toEqual([20_000_000, 9])
  expect(end).toEqual({ code: 4001, reason: '' })
  peer.socket.end()
  await until(() => told.length === 2, 'the close')
  expect(told).toEqual(['pong', 'close 4001 bye'])
})

describe('the end', () => {
  test.each([
    ['with a code and a reason', closeFrame(4001, 'bye'), 'close 4001 bye', 4001],
    ['without a code', { opcode: 8, payload: Buffer.alloc(0) }, 'close 1005 ', 1000],
  ])('by the peer, %s, is answered', async (_what, frame, ours, answer) => {
    const { peer, told } = await open()
    peer.say(text('last words'), frame, text('too late'))
    await until(() => peer.isEnded, 'the answer')
    expect(peer.receiver.end).toEqual({ code: answer, reason: '' })
    peer.socket.end()
    await until(() => told.length === 2, 'the close')
    expect(told).toEqual(['text last words', ours])
  })

  test('by the server is told with its reason, and is over when the peer agrees', async () => {
    const { wire, peer, told } = await open()
    send(wire, 'last words')
    wire.close(1012, 'server closes')
    wire.close(1013, 'again')
    expect(send(wire, 'too late')).toBe(0)
    wire.ping()
    await until(() => peer.receiver.end !== null, 'the close frame')
    expect(peer.receiver.end).toEqual({ code: 1012, reason: 'server closes' })
    expect(await peer.heard(1)).toEqual(['last words'])
    expect(told).toEqual([])
    peer.say(closeFrame(1012))
    await until(() => peer.isEnded, 'the end')
    peer.socket.end()
    await until(() => told.length === 1, 'the close')
    expect(told).toEqual(['close 1012 '])
  })

  test('[S-48] by the server: nothing is read any more but the peer’s close', async () => {
    const { wire, peer, told, unread } = await open({ compression })
    wire.close(4002, 'kicked')
    const packed = { ...text(''), payload: deflated(Buffer.alloc(90_000, 'x')), isCompressed: true }
    for (let i = 0; i < 100; i++) peer.say(packed, text('late'), ping('late'))
    peer.say(closeFrame(1000, 'done'))
    await until(() => peer.isEnded, 'the end')
    peer.socket.end()
    await until(() => told.length === 1, 'the close')
    expect([told, unread.bytes, peer.receiver.pongs]).toEqual([['close 1000 done'], 0, 0])
  })

  test('[S-48] at once: what came in the same read is not read', async () => {
    const { wire, told } = await open()
    wire.terminate()
    wire.read(clientFrame(text('late')))
    await until(() => told.length === 1, 'the close')
    expect(told).toEqual(['close 1006 '])
  })

  test('[S-9] by the server does not wait for a peer that never answers', async () => {
    const { wire, peer, told } = await open({ closeTimeoutMs: 50 })
    const startedMs = performance.now()
    wire.close(1012, '')
    await until(() => told.length === 1, 'the close')
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(45)
    expect(told).toEqual(['close 1006 '])
    await until(() => peer.isClosed || peer.isEnded, 'that the peer is cut off')
  })

  test('[S-9] does not wait for a peer that answers and never hangs up', async () => {
    const { peer, told } = await open({ closeTimeoutMs: 50 })
    peer.say(closeFrame(1000))
    await until(() => told.length === 1, 'the close')
    expect(told).toEqual(['close 1000 '])
  })

  test('[S-9] does not wait for a peer that closes and reads nothing', async () => {
    const { wire, peer, told } = await open({ closeTimeoutMs: 50 })
    clog(wire, peer, 500_000)
    peer.say(closeFrame(1000))
    await until(() => told.length === 1, 'the close')
    expect(told).toEqual(['close 1000 '])
  })

  test('of a peer that half closes without a word is one without a word', async () => {
    const { peer, told } = await open()
    peer.say(text('and'))
    peer.socket.end()
    await until(() => told.length === 2, 'the close')
    expect(told).toEqual(['text and', 'close 1006 '])
  })

  test('of a peer that resets is one without a word', async () => {
    const { wire, peer, told } = await open()
    peer.socket.resetAndDestroy()
    await until(() => told.length === 1, 'the close')
    expect(told).toEqual(['close 1006 '])
    expect(send(wire, 'to nobody')).toBe(0)
    wire.ping()
    wire.close(1000, '')
    wire.terminate()
    await new Promise((resolve) => setImmediate(resolve))
    expect(told).toHaveLength(1)
  })

  test('at once is one without a word', async () => {
    const { wire, peer, told } = await open()
    wire.terminate()
    await until(() => told.length === 1 && peer.isEnded, 'the close')
    expect(told).toEqual(['close 1006 '])
  })

  test('[S-19] of a peer that breaks the protocol: it is told how, also if it goes on sending', async () => {
    const { peer, told } = await open({ maxMessageBytes: 1000 })
    peer.say(text('fine'), text('x'.repeat(1001)))
    for (let i = 0; i < 200; i++) peer.say(text('y'.repeat(900)))
    await until(() => peer.isEnded, 'the close frame')
    expect(peer.receiver.end).toEqual({ code: 1009, reason: 'a message of more than 1000 bytes' })
    peer.socket.end()
    await until(() => told.length === 2, 'the close')
    expect(peer.errors).toEqual([])
    expect(told).toEqual(['text fine', 'close 1006 a message of more than 1000 bytes'])
  })
})
