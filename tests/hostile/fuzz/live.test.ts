import { createServer, type ServerOptions } from '@rollcall/server'
import { expect, onTestFinished, test } from 'vitest'
import { HonestCrowd } from '../support/honest-crowd'
import { heldBytes } from '../support/memory'
import { soon } from '../support/soon'
import { fuzzLive } from './live'
import { liveVocabulary } from './live-vocabulary'

const INPUTS = 10_000
const WARM_UP = 1000
/** What the process may hold more than before, once all strangers are gone. What the server keeps of none of them is 0. */
const MAX_KEPT_BYTES = 4_000_000

/** A server on a free port that tells what it logged above `info`. */
async function start(options: ServerOptions = {}) {
  const complaints: string[] = []
  const complain = (context: object, message: string) =>
    void complaints.push(
      `${message} ${JSON.stringify(context, (_name, value) => (value instanceof Error ? value.stack : value))}`,
    )
  const server = createServer({
    port: 0,
    closeTimeoutMs: 200,
    // What strangers leave behind is gone soon.
    grace: { graceMs: 300, pageGraceMs: 300 },
    heartbeat: { pingIntervalMs: 1000, pongTimeoutMs: 500 },
    longPoll: { windowMs: 50 },
    logger: { debug() {}, info() {}, warn() {}, error: complain },
    ...options,
  })
  onTestFinished(() => server.close())
  const { port } = await server.listen()
  return { server, port, complaints }
}

test(`[S-19] ${INPUTS} inputs to a server that lives: it does, and who is honest sees nothing of it`, async () => {
  const { server, port, complaints } = await start()
  const crowd = await HonestCrowd.enter({ port, people: 5, rooms: ['room:lobby'] })
  onTestFinished(() => crowd.leave())
  const words = liveVocabulary(['room:lobby', 'room:1'])
  crowd.start(500)
  await fuzzLive({ port, seed: 1, inputs: WARM_UP, words })
  const before = await heldBytes()
  const { inputs, violations } = await fuzzLive({ port, seed: 2, inputs: INPUTS, words })
  expect(violations).toEqual([])
  expect(inputs).toBeGreaterThanOrEqual(INPUTS)

  crowd.stop()
  await soon(
    () => server.connectionCount === crowd.size,
    5000,
    () => `${server.connectionCount} connections to end`,
  )
  await crowd.alone(5000)
  await crowd.pulse()
  expect(crowd.violations).toEqual([])
  expect(complaints).toEqual([])
  expect(await server.registry.list('room:lobby')).toHaveLength(crowd.size)
  expect((await heldBytes()) - before).toBeLessThan(MAX_KEPT_BYTES)
}, 60_000)
