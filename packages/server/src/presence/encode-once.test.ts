import {
  type Dialect,
  phoenixV1Dialect,
  phoenixV2Dialect,
  rollcallDialect,
  type ServerMessage,
  vixDialect,
  zzzDialect,
} from '@rollcall/shared-protocol'
import { describe, expect, test } from 'vitest'
import { ListeningMember, testRegistry, WITH_STATE } from '../testing-support/test-registry'

const topic = 'room:lobby'
const dialects = [rollcallDialect, phoenixV2Dialect, phoenixV1Dialect, zzzDialect, vixDialect]

/** A dialect that records the messages that it encodes. */
class SpyDialect {
  readonly counts: Record<string, number> = {}
  readonly dialect: Dialect

  constructor(real: Dialect) {
    this.dialect = {
      ...real,
      encodeServer: (message: ServerMessage) => {
        this.counts[message.kind] = (this.counts[message.kind] ?? 0) + 1
        return real.encodeServer(message)
      },
    }
  }

  /** The messages encoded since the last call. */
  take(): Record<string, number> {
    const counts = { ...this.counts }
    for (const kind of Object.keys(counts)) delete this.counts[kind]
    return counts
  }
}

/** A topic with ten subscribers of each dialect, each with a recording dialect. */
async function mixedRoom() {
  const { registry, clock } = testRegistry()
  const spies = dialects.map((dialect) => new SpyDialect(dialect))
  const members = spies.flatMap(({ dialect }) =>
    Array.from({ length: 10 }, () => new ListeningMember(dialect)),
  )
  for (const member of members) registry.hub(topic).attach(member, WITH_STATE)
  await clock.advance(500)
  return { registry, clock, spies, members }
}

/** All subscribers of a dialect received the same last packet, so its bytes are built and compressed once. */
function expectOnePacketEach(spies: readonly SpyDialect[], members: readonly ListeningMember[]): void {
  const options = { thresholdBytes: 1, level: 6 }
  for (const { dialect } of spies) {
    const packets = members
      .filter((member) => member.dialect === dialect)
      .map((member) => member.packets.at(-1))
    expect(packets).toHaveLength(10)
    expect(new Set(packets.map((packet) => packet?.plain())).size).toBe(1)
    expect(new Set(packets.map((packet) => packet?.compressed(options))).size).toBe(1)
  }
}

describe('[S-12] the server encodes once per dialect', () => {
  test('the state for all subscribers that start in one flush', async () => {
    const { spies, members } = await mixedRoom()
    for (const spy of spies) expect(spy.take()).toEqual({ state: 1 })
    for (const member of members) expect(member.frames).toHaveLength(1)
    expectOnePacketEach(spies, members)
  })

  test('[S-100] a large state for several requests, until the topic changes', async () => {
    const { registry, clock, spies } = await mixedRoom()
    for (let i = 0; i < 300; i++) registry.track(`s${i}`, topic, `key ${i}`, { text: 'x'.repeat(100) })
    await clock.advance(500)
    const ask = async (count: number) => {
      for (const spy of spies) spy.take()
      const members = spies.map(({ dialect }) => new ListeningMember(dialect))
      for (let i = 0; i < count; i++) {
        for (const member of members) registry.hub(topic).requestState(member)
        await clock.advance(200)
      }
      return members
    }
    const members = await ask(20)
    // Vix has no frame for a whole state.
    const large = spies.filter(({ dialect }) => dialect.name !== 'vix')
    for (const spy of large) expect(spy.take()).toEqual({ state: 1 })
    for (const { frames } of members) expect([frames.length, new Set(frames).size]).toEqual([20, 1])
    registry.update('s7', topic, { text: 'changed' })
    await clock.advance(500)
    const later = await ask(3)
    for (const spy of large) expect(spy.take()).toEqual({ state: 1 })
    for (const { frames } of later.slice(0, 4)) expect(`${frames.at(-1)}`).toContain('changed')
    await clock.advance(1000)
    await ask(1)
    for (const spy of large) expect(spy.take()).toEqual({ state: 1 })
  })

  test('the diff of a flush, with any content', async () => {
    const { registry, clock, spies, members } = await mixedRoom()
    for (const spy of spies) spy.take()
    for (let i = 0; i < 50; i++) registry.track(`s${i}`, topic, `k${i}`, { i })
    for (let i = 0; i < 50; i += 2) registry.untrack(`s${i}`, topic)
    await clock.settle()
    for (const spy of spies) expect(spy.take()).toEqual({ diff: 1 })
    expectOnePacketEach(spies, members)
  })

  test('an event, with JSON or bytes', async () => {
    const { registry, spies, members } = await mixedRoom()
    for (const payload of [{ body: 'hi' }, Uint8Array.of(1, 2, 3)]) {
      for (const spy of spies) spy.take()
      registry.broadcast(topic, 'news', payload)
      for (const spy of spies) expect(spy.take()).toEqual({ event: 1 })
    }
    const binary = members.filter((member) => typeof member.frames.at(-1) !== 'string')
    expect(binary.map(({ dialect }) => dialect.name)).toEqual(Array.from({ length: 10 }, () => 'phoenix-v2'))
  })
})
