import assert from 'node:assert/strict'
import type { Acceptance, Admit, HandshakeRefusal, WireEvents } from '../io/wire'
import { eventually } from './eventually'
import type { WireConformanceRunner } from './wire-pair'

/** A running listener, and ways to connect clients to it. */
export interface ListenerUnderTest {
  /** Connects a client to the path `/socket`. Resolves with the result of its handshake. */
  connect(): Promise<'taken' | 'refused'>
  /** Starts a handshake without waiting for its response. Returns a function that disconnects the client. */
  begin(): Promise<() => void>
  /** Stops accepting handshakes. */
  stop(): void
  /** Releases all its resources. */
  dispose(): Promise<void>
}

/** Starts a listener that calls this `admit`. */
export type StartListener = (admit: Admit) => Promise<ListenerUnderTest>

const REFUSAL: HandshakeRefusal = { status: 403, reason: 'refused', message: 'Refused by the suite.' }

/** Decides handshakes when the test says so, and counts their outcomes. */
class Desk {
  asked = 0
  opened = 0
  abandoned = 0
  readonly paths: string[] = []
  readonly #waiting: ((answer: Acceptance | HandshakeRefusal) => void)[] = []

  readonly admit: Admit = ({ path }) => {
    this.asked++
    this.paths.push(path)
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  async isAsked(times: number): Promise<void> {
    await eventually(() => assert.equal(this.asked, times))
  }

  refuse(): void {
    this.#waiting.shift()?.(REFUSAL)
  }

  accept(): void {
    this.#waiting.shift()?.({
      subprotocol: null,
      open: () => {
        this.opened++
        return ignoringEvents
      },
      abandon: () => {
        this.abandoned++
      },
    })
  }
}

const ignore = () => {}
const ignoringEvents: WireEvents = {
  onMessage: ignore,
  onNonMessageBytes: ignore,
  onPong: ignore,
  onDrain: ignore,
  onClose: ignore,
}

/** Defines the suite of a listener. */
export function listenerConformance(
  { describe, test: define }: WireConformanceRunner,
  start: StartListener,
): void {
  const test = (name: string, body: (listener: ListenerUnderTest, desk: Desk) => Promise<void>) =>
    define(name, async () => {
      const desk = new Desk()
      const listener = await start(desk.admit)
      try {
        await body(listener, desk)
      } finally {
        await listener.dispose()
      }
    })
  const outcome = ({ asked, opened, abandoned }: Desk) => ({ asked, opened, abandoned })

  describe('a handshake', () => {
    test('[S-73] that is accepted calls admit once and opens one wire', async (listener, desk) => {
      const connecting = listener.connect()
      await desk.isAsked(1)
      desk.accept()
      assert.equal(await connecting, 'taken')
      assert.deepEqual(desk.paths, ['/socket'])
      assert.deepEqual(outcome(desk), { asked: 1, opened: 1, abandoned: 0 })
    })

    test('[S-73] that is refused opens no wire, and its client sees the refusal', async (listener, desk) => {
      const connecting = listener.connect()
      await desk.isAsked(1)
      desk.refuse()
      assert.equal(await connecting, 'refused')
      assert.deepEqual(outcome(desk), { asked: 1, opened: 0, abandoned: 0 })
    })

    test('[S-73] whose client has gone before the answer is abandoned', async (listener, desk) => {
      const breakOff = await listener.begin()
      await desk.isAsked(1)
      breakOff()
      // The listener has noticed the disconnect once it has read a later handshake.
      const connecting = listener.connect()
      await desk.isAsked(2)
      await pauseForClose()
      desk.accept()
      await eventually(() => assert.equal(desk.abandoned, 1))
      desk.accept()
      assert.equal(await connecting, 'taken')
      assert.deepEqual(outcome(desk), { asked: 2, opened: 1, abandoned: 1 })
    })

    test('[S-73] that is answered once the listener has stopped is abandoned', async (listener, desk) => {
      const breakOff = await listener.begin()
      await desk.isAsked(1)
      listener.stop()
      desk.accept()
      await eventually(() => assert.equal(desk.abandoned, 1))
      breakOff()
      assert.deepEqual(outcome(desk), { asked: 1, opened: 0, abandoned: 1 })
    })
  })
}

const CLOSE_MS = 50

/** Waits until the end of a connection has arrived. */
function pauseForClose(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, CLOSE_MS))
}
