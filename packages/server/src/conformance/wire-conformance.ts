import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'
import { eventually } from './eventually'
import { type OpenPeer, openPair, type WireConformanceRunner, type WirePair } from './wire-pair'

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
  const test = (name: string, body: (pair: WirePair) => Promise<void>) =>
    define(name, async () => {
      const pair = await openPair(openPeer)
      try {
        await body(pair)
        await pause(SETTLE_MS)
        pair.verify()
      } finally {
        await pair.peer.dispose()
      }
    })

  describe('messages', () => {
    test('[S-71] arrive whole and in order, both ways', async (pair) => {
      const texts = Array.from({ length: 300 }, (_, n) => json(`${n} ü👩‍👧 ${'x'.repeat((n % 7) * 100)}`))
      for (const text of texts) {
        pair.peer.send(text)
        pair.send(text)
      }
      await eventually(() => assert.deepEqual(pair.events.messages, texts))
      await eventually(() => assert.deepEqual(pair.peer.received, texts))
    })

    test('[S-71] of one packet, and of several, arrive one by one', async (pair) => {
      const [one, two, three, four] = ['one', 'two', 'three', 'four'].map(json) as [
        string,
        string,
        string,
        string,
      ]
      pair.send(one, two, three)
      pair.send(four)
      await eventually(() => assert.deepEqual(pair.peer.received, [one, two, three, four]))
    })

    test('[S-71] of any size arrive, in both directions', async (pair) => {
      const texts = [125, 126, 65_535, 65_536].map((length) => json('y'.repeat(length - 4)))
      for (const text of texts) {
        pair.peer.send(text)
        pair.send(text)
      }
      await eventually(() => assert.deepEqual(pair.events.messages, texts))
      await eventually(() => assert.deepEqual(pair.peer.received, texts))
    })
  })

  describe('ping', () => {
    test('[S-71] is answered by a peer that is there', async (pair) => {
      const { pongs } = pair.events
      pair.ping()
      await eventually(() => assert.ok(pair.events.pongs > pongs))
    })

    test('[S-71] is not answered for a peer that reads nothing', async (pair) => {
      pair.peer.pause()
      await pause(SETTLE_MS)
      const { pongs } = pair.events
      pair.ping()
      await pause(5 * SETTLE_MS)
      assert.equal(pair.events.pongs, pongs)
      pair.peer.resume()
      await eventually(() => assert.ok(pair.events.pongs > pongs))
    })
  })

  describe('bytes that wait', () => {
    test('[S-72] are counted until the peer takes them, and then the wire drains', async (pair) => {
      pair.peer.pause()
      const sent: string[] = []
      while (pair.bufferedBytes < WAITING_BYTES) {
        assert.ok(sent.length < MAX_LARGE, 'bufferedBytes does not grow for a peer that reads nothing')
        pair.send(LARGE)
        sent.push(LARGE)
        // The system takes bytes only between turns of the event loop.
        if (sent.length % 50 === 0) await pause(1)
      }
      pair.watchDrain()
      const { length } = pair.events.drains
      pair.peer.resume()
      await eventually(() => assert.ok(pair.events.drains.length > length))
      assert.equal(pair.events.drains.at(-1), 0)
      await eventually(() => assert.equal(pair.peer.received.length, sent.length))
      await eventually(() => assert.equal(pair.bufferedBytes, 0))
    })

    test('[S-101] are counted as sent once the peer takes them, and not before', async (pair) => {
      pair.peer.pause()
      for (let given = 0; pair.bufferedBytes < WAITING_BYTES; ) {
        for (let n = 0; n < 50; n++) pair.send(LARGE)
        given += 50
        assert.ok(given < MAX_LARGE, 'bufferedBytes does not grow for a peer that reads nothing')
        await pause(SETTLE_MS)
      }
      const sum = pair.sentBytes + pair.bufferedBytes
      const { sentBytes } = pair
      await pause(SETTLE_MS)
      assert.equal(pair.sentBytes, sentBytes)
      pair.peer.resume()
      await eventually(() => assert.equal(pair.bufferedBytes, 0))
      assert.ok(pair.sentBytes > sentBytes)
      assert.ok(pair.sentBytes >= sum)
    })

    test('[S-72] of what was sent, all but states count against a slow reader', async (pair) => {
      const [event, state] = [json('an event'), json('a state')]
      assert.ok(pair.send(event) >= event.length)
      assert.equal(pair.sendState(state), 0)
      await eventually(() => assert.deepEqual(pair.peer.received, [event, state]))
    })
  })

  describe('the end', () => {
    test('[S-70] by close causes one onClose, and nothing is sent after it', async (pair) => {
      pair.send(json('before'))
      pair.close(4000, 'enough')
      assert.equal(pair.send(json('after')), 0)
      pair.close(4001, 'again')
      pair.ping()
      pair.watchDrain()
      await pair.ended()
      assert.deepEqual(pair.events.closes, [{ code: 4000, reason: pair.events.closes[0]?.reason }])
      assert.equal(pair.send(json('later')), 0)
      await eventually(() => assert.deepEqual(pair.peer.received, [json('before')]))
    })

    test('[S-70] by close delivers nothing that the peer sends meanwhile', async (pair) => {
      pair.close(4000, 'enough')
      pair.peer.send(json('too late'))
      await pair.ended()
      await pause(SETTLE_MS)
      assert.deepEqual(pair.events.messages, [])
    })

    test('[S-70] by close comes in bounded time from a peer that reads nothing', async (pair) => {
      pair.peer.pause()
      await pause(SETTLE_MS)
      pair.send(LARGE)
      pair.close(4000, 'enough')
      await pair.ended()
    })

    test('[S-70] by terminate causes one onClose with 1006', async (pair) => {
      pair.send(json('before'))
      pair.terminate()
      pair.terminate()
      pair.close(4000, 'too late')
      pair.ping()
      assert.equal(pair.send(json('after')), 0)
      await pair.ended()
      assert.equal(pair.events.closes[0]?.code, 1006)
      pair.terminate()
    })

    test('[S-70] by terminate comes at once from a peer that reads nothing', async (pair) => {
      pair.peer.pause()
      for (let n = 0; n < 10; n++) pair.send(LARGE)
      pair.close(4000, 'enough')
      pair.terminate()
      await pair.ended()
    })

    test('[S-70] by a peer that disconnects causes one onClose with 1006', async (pair) => {
      pair.peer.send(json('before'))
      await eventually(() => assert.deepEqual(pair.events.messages, [json('before')]))
      pair.peer.vanish()
      await pair.ended()
      assert.equal(pair.events.closes[0]?.code, 1006)
      pair.close(4000, 'too late')
      assert.equal(pair.send(json('after')), 0)
    })

    test("[S-70] that the peer asks for has the peer's code and reason", async (pair) => {
      if (!pair.peer.leave) return
      pair.peer.leave(4321, 'done')
      await pair.ended()
      assert.deepEqual(pair.events.closes, [{ code: 4321, reason: 'done' }])
    })
  })

  // Every test above fails for an event from within a call. This one calls each method while an event is due.
  describe('calls', () => {
    test('[S-69] cause no event from within the call, even when one is due', async (pair) => {
      pair.peer.send(json('one'))
      for (const call of ['send', 'watchDrain', 'ping'] as const) {
        pair[call]()
        await pause(1)
      }
      await eventually(() => assert.deepEqual(pair.events.messages, [json('one')]))
      pair.peer.vanish()
      pair.send(json('two'))
      pair.ping()
      pair.close(4000, 'enough')
      pair.terminate()
      await pair.ended()
    })
  })
}
