import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'
import { eventually } from './eventually'
import { type OpenPeer, openLine, type WireConformanceRunner, type WirePair } from './wire-pair'

/*
 *   wireConformance({ describe, test }, openPeer)
 *   listenerConformance({ describe, test }, startListener)
 *
 * The requirements on wires and listeners, as tests for any test runner (vitest, node:test, Jest). The server relies on all
 * of them and on nothing else.
 */

export { type ListenerUnderTest, listenerConformance, type StartListener } from './listener-conformance'
export type { OpenPeer, WireConformanceRunner, WirePeer } from './wire-pair'

/** Milliseconds after which late or duplicate events must have arrived. */
const SETTLE_MS = 20
/** Bytes that wait before a test watches for the drain. */
const WAITING_BYTES = 100_000
/** Messages are JSON, because a wire may refuse anything that no dialect uses. */
const json = (text: string) => JSON.stringify([text])
const LARGE = json('x'.repeat(20_000))
/** More of these than any system buffers for a peer that reads nothing. */
const MAX_LARGE = 2000

/**
 * Defines the suite of a wire.
 *
 * @example
 * import { describe, test } from 'node:test'
 * declare const openPeer: OpenPeer
 * describe('my wire', () => wireConformance({ describe, test }, openPeer))
 */
export function wireConformance({ describe, test: define }: WireConformanceRunner, openPeer: OpenPeer): void {
  const test = (name: string, body: (line: WirePair) => Promise<void>) =>
    define(name, async () => {
      const line = await openLine(openPeer)
      try {
        await body(line)
        await pause(SETTLE_MS)
        line.verify()
      } finally {
        await line.peer.dispose()
      }
    })

  describe('messages', () => {
    test('[S-71] arrive whole and in order, both ways', async (line) => {
      const texts = Array.from({ length: 300 }, (_, n) => json(`${n} ü👩‍👧 ${'x'.repeat((n % 7) * 100)}`))
      for (const text of texts) {
        line.peer.send(text)
        line.say(text)
      }
      await eventually(() => assert.deepEqual(line.events.messages, texts))
      await eventually(() => assert.deepEqual(line.peer.received, texts))
    })

    test('[S-71] of one packet, and of several, arrive one by one', async (line) => {
      const [one, two, three, four] = ['one', 'two', 'three', 'four'].map(json) as [
        string,
        string,
        string,
        string,
      ]
      line.say(one, two, three)
      line.say(four)
      await eventually(() => assert.deepEqual(line.peer.received, [one, two, three, four]))
    })

    test('[S-71] of any size arrive, in both directions', async (line) => {
      const texts = [125, 126, 65_535, 65_536].map((length) => json('y'.repeat(length - 4)))
      for (const text of texts) {
        line.peer.send(text)
        line.say(text)
      }
      await eventually(() => assert.deepEqual(line.events.messages, texts))
      await eventually(() => assert.deepEqual(line.peer.received, texts))
    })
  })

  describe('ping', () => {
    test('[S-71] is answered by a peer that is there', async (line) => {
      const { pongs } = line.events
      line.ping()
      await eventually(() => assert.ok(line.events.pongs > pongs))
    })

    test('[S-71] is not answered for a peer that reads nothing', async (line) => {
      line.peer.pause()
      await pause(SETTLE_MS)
      const { pongs } = line.events
      line.ping()
      await pause(5 * SETTLE_MS)
      assert.equal(line.events.pongs, pongs)
      line.peer.resume()
      await eventually(() => assert.ok(line.events.pongs > pongs))
    })
  })

  describe('bytes that wait', () => {
    test('[S-72] are counted until the peer takes them, and their end is told', async (line) => {
      line.peer.pause()
      const sent: string[] = []
      while (line.bufferedBytes < WAITING_BYTES) {
        assert.ok(sent.length < MAX_LARGE, 'bufferedBytes does not grow for a peer that reads nothing')
        line.say(LARGE)
        sent.push(LARGE)
        // The system takes bytes only between turns of the event loop.
        if (sent.length % 50 === 0) await pause(1)
      }
      line.watchDrain()
      const { length } = line.events.drains
      line.peer.resume()
      await eventually(() => assert.ok(line.events.drains.length > length))
      assert.equal(line.events.drains.at(-1), 0)
      await eventually(() => assert.equal(line.peer.received.length, sent.length))
      await eventually(() => assert.equal(line.bufferedBytes, 0))
    })

    test('[S-101] are counted as sent once the peer takes them, and not before', async (line) => {
      line.peer.pause()
      for (let given = 0; line.bufferedBytes < WAITING_BYTES; ) {
        for (let n = 0; n < 50; n++) line.say(LARGE)
        given += 50
        assert.ok(given < MAX_LARGE, 'bufferedBytes does not grow for a peer that reads nothing')
        await pause(SETTLE_MS)
      }
      const sum = line.sentBytes + line.bufferedBytes
      const { sentBytes } = line
      await pause(SETTLE_MS)
      assert.equal(line.sentBytes, sentBytes)
      line.peer.resume()
      await eventually(() => assert.equal(line.bufferedBytes, 0))
      assert.ok(line.sentBytes > sentBytes)
      assert.ok(line.sentBytes >= sum)
    })

    test('[S-72] of what was sent, all but states count against a slow reader', async (line) => {
      const [event, state] = [json('an event'), json('a state')]
      assert.ok(line.say(event) >= event.length)
      assert.equal(line.sayState(state), 0)
      await eventually(() => assert.deepEqual(line.peer.received, [event, state]))
    })
  })

  describe('the end', () => {
    test('[S-70] by close is told once; nothing is sent after it', async (line) => {
      line.say(json('before'))
      line.close(4000, 'enough')
      assert.equal(line.say(json('after')), 0)
      line.close(4001, 'again')
      line.ping()
      line.watchDrain()
      await line.ended()
      assert.deepEqual(line.events.closes, [{ code: 4000, reason: line.events.closes[0]?.reason }])
      assert.equal(line.say(json('later')), 0)
      await eventually(() => assert.deepEqual(line.peer.received, [json('before')]))
    })

    test('[S-70] by close: what the peer sends meanwhile is not told', async (line) => {
      line.close(4000, 'enough')
      line.peer.send(json('too late'))
      await line.ended()
      await pause(SETTLE_MS)
      assert.deepEqual(line.events.messages, [])
    })

    test('[S-70] by close comes in bounded time from a peer that reads nothing', async (line) => {
      line.peer.pause()
      await pause(SETTLE_MS)
      line.say(LARGE)
      line.close(4000, 'enough')
      await line.ended()
    })

    test('[S-70] by terminate is told once, with 1006', async (line) => {
      line.say(json('before'))
      line.terminate()
      line.terminate()
      line.close(4000, 'too late')
      line.ping()
      assert.equal(line.say(json('after')), 0)
      await line.ended()
      assert.equal(line.events.closes[0]?.code, 1006)
      line.terminate()
    })

    test('[S-70] by terminate comes at once from a peer that reads nothing', async (line) => {
      line.peer.pause()
      for (let n = 0; n < 10; n++) line.say(LARGE)
      line.close(4000, 'enough')
      line.terminate()
      await line.ended()
    })

    test('[S-70] of a peer that goes without a word is told once, with 1006', async (line) => {
      line.peer.send(json('before'))
      await eventually(() => assert.deepEqual(line.events.messages, [json('before')]))
      line.peer.vanish()
      await line.ended()
      assert.equal(line.events.closes[0]?.code, 1006)
      line.close(4000, 'too late')
      assert.equal(line.say(json('after')), 0)
    })

    test("[S-70] that the peer asks for has the peer's code and reason", async (line) => {
      if (!line.peer.leave) return
      line.peer.leave(4321, 'done')
      await line.ended()
      assert.deepEqual(line.events.closes, [{ code: 4321, reason: 'done' }])
    })
  })

  // Every test above fails for an event from within a call. This one calls each method while an event is due.
  describe('calls', () => {
    test('[S-69] tell nothing from within, whatever there is to tell', async (line) => {
      line.peer.send(json('one'))
      for (const call of ['say', 'watchDrain', 'ping'] as const) {
        line[call]()
        await pause(1)
      }
      await eventually(() => assert.deepEqual(line.events.messages, [json('one')]))
      line.peer.vanish()
      line.say(json('two'))
      line.ping()
      line.close(4000, 'enough')
      line.terminate()
      await line.ended()
    })
  })
}
