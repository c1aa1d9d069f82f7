import type { ServerOptions } from '@rollcall/server'
import { Presence } from 'phoenix'
import { describe, expect, test } from 'vitest'
import { connect } from '../support/peer'
import { startServer } from '../support/server'
import { answerTo, attend, connectSocket, eventually, joined } from './support/client'
import { recordedChannel } from './support/recorded-channel'

/* The official client's Presence, unmodified. */

const topic = 'room:lobby'
const start = (options: ServerOptions = {}) => startServer({ channels: [recordedChannel], ...options })

test('onJoin, onLeave, onSync and list tell who is here', async () => {
  const { port } = await start()
  const ada = await attend(await connectSocket(port, 'ada'), topic, { meta: { color: 'red' } })
  expect(ada.attendance.told).toEqual(['join ada new'])
  expect(ada.attendance.syncs).toBe(1)
  const socket = await connectSocket(port, 'bob')
  const bob = await attend(socket, topic, { meta: { color: 'blue' } })
  expect(bob.attendance.keys()).toEqual(['ada', 'bob'])
  await eventually(() => ada.attendance.syncs === 2)
  expect(
    ada.attendance.presence.list((key: string, { metas: [first] }: any) => `${key} ${first.color}`),
  ).toEqual(['ada red', 'bob blue'])
  bob.channel.leave()
  await eventually(() => ada.attendance.syncs === 3)
  expect(ada.attendance.told).toEqual(['join ada new', 'join bob new', 'leave bob left=0'])
  expect(ada.attendance.keys()).toEqual(['ada'])
})

test('an update is a leave of the old phx_ref and a join of the new one, which names the old in phx_ref_prev', async () => {
  const { port } = await start()
  const ada = await attend(await connectSocket(port, 'ada'), topic)
  const bob = await joined(await connectSocket(port, 'bob'), topic, { meta: { n: 0 } })
  await eventually(() => ada.attendance.keys().length === 2)
  const diffs: any[] = []
  ada.channel.on('presence_diff', (diff) => void diffs.push(diff))
  let ref = ada.attendance.metas().bob![0].phx_ref
  for (const n of [1, 2, 3]) {
    await answerTo(bob.push('update_meta', { n }))
    await eventually(() => ada.attendance.metas().bob?.[0].n === n)
    const { joins, leaves } = diffs.at(-1)
    expect(leaves.bob.metas).toMatchObject([{ phx_ref: ref, n: n - 1 }])
    expect(joins.bob.metas).toMatchObject([{ phx_ref_prev: ref, n }])
    expect(joins.bob.metas[0].phx_ref).not.toBe(ref)
    ref = joins.bob.metas[0].phx_ref
    expect(ada.attendance.metas().bob).toHaveLength(1)
  }
  expect(ada.attendance.told.slice(2)).toEqual(
    [1, 2, 3].flatMap(() => ['join bob again', 'leave bob left=1']),
  )
})

test('updates within one flush are told as one, from the ref that clients hold', async () => {
  const server = await start({ flush: { floorMs: 60 } })
  const ada = await attend(await connectSocket(server.port, 'ada'), topic)
  server.registry.track('bot', topic, 'bot', { n: 0 })
  await eventually(() => ada.attendance.keys().length === 2)
  const held = ada.attendance.metas().bot![0].phx_ref
  const diffs: any[] = []
  ada.channel.on('presence_diff', (diff) => void diffs.push(diff))
  for (let n = 1; n <= 5; n++) server.registry.update('bot', topic, { n })
  await eventually(() => ada.attendance.metas().bot?.[0].n === 5)
  expect(diffs).toHaveLength(1)
  expect(diffs[0].leaves.bot.metas).toMatchObject([{ phx_ref: held }])
  expect(diffs[0].joins.bot.metas).toMatchObject([{ phx_ref_prev: held, n: 5 }])
  expect(ada.attendance.metas().bot).toHaveLength(1)
})

test('several metas for one key, oldest first, and the key stays until the last one goes', async () => {
  const { port } = await start()
  const ada = await attend(await connectSocket(port, 'ada'), topic)
  const laptop = await connectSocket(port, 'bob')
  const onLaptop = await joined(laptop, topic, { meta: { d: 'laptop' } })
  await eventually(() => ada.attendance.keys().length === 2)
  const phone = await attend(await connectSocket(port, 'bob'), topic, { meta: { d: 'phone' } })
  await eventually(() => ada.attendance.metas().bob?.length === 2)
  expect(phone.attendance.metas().bob).toMatchObject([{ d: 'laptop' }, { d: 'phone' }])
  await answerTo(onLaptop.push('update_meta', { d: 'laptop2' }))
  await eventually(() => JSON.stringify(ada.attendance.metas()).includes('laptop2'))
  expect(
    ada.attendance
      .metas()
      .bob!.map(({ d }) => d)
      .sort(),
  ).toEqual(['laptop2', 'phone'])
  const late = await attend(await connectSocket(port, 'cy'), topic)
  expect(late.attendance.metas().bob).toMatchObject([
    { d: 'laptop2', phx_ref_prev: expect.any(String) },
    { d: 'phone' },
  ])
  laptop.disconnect()
  await eventually(() => ada.attendance.metas().bob?.length === 1)
  expect(ada.attendance.told.at(-1)).toBe('leave bob left=1')
  expect(ada.attendance.metas().bob).toMatchObject([{ d: 'phone' }])
})

test('tracking, untracking and tracking again is a new presence', async () => {
  const { port } = await start()
  const ada = await attend(await connectSocket(port, 'ada'), topic)
  const bob = await attend(await connectSocket(port, 'bob'), topic, { track: false })
  expect(bob.attendance.keys()).toEqual(['ada'])
  expect((await answerTo(bob.channel.push('update_meta', { a: 1 }))).response).toMatchObject({
    reason: ':nopresence',
  })
  await answerTo(bob.channel.push('track_presence', { a: 1 }))
  await eventually(() => ada.attendance.keys().length === 2)
  const first = ada.attendance.metas().bob![0].phx_ref
  await answerTo(bob.channel.push('leave_presence', {}))
  await eventually(() => ada.attendance.keys().length === 1)
  await answerTo(bob.channel.push('track_presence', { a: 2 }))
  await eventually(() => ada.attendance.keys().length === 2)
  expect(ada.attendance.metas().bob![0].phx_ref).not.toBe(first)
  expect(ada.attendance.metas().bob![0]).not.toHaveProperty('phx_ref_prev')
  // Tracking what is tracked already updates it, where Phoenix refuses.
  expect((await answerTo(bob.channel.push('track_presence', { a: 3 }))).status).toBe('ok')
  await eventually(() => ada.attendance.metas().bob?.[0].a === 3)
})

test.each(['', '__proto__', 'constructor', 'ключ 🙂', 'a"b\\', '42', 'toString', 'metas'])(
  '[S-10] the odd key %j passes through as it is',
  async (key) => {
    const { port } = await start()
    const ada = await attend(await connectSocket(port, 'ada'), topic, { user: 'watcher' })
    const odd = await attend(await connectSocket(port, 'odd'), topic, { user: key, meta: { n: 1 } })
    await eventually(() => ada.attendance.told.includes(`join ${key} new`))
    for (const { presence } of [ada.attendance, odd.attendance]) {
      const entries = presence.list((listed: string, { metas }: any) => [listed, metas])
      expect(entries).toHaveLength(2)
      expect(new Map(entries as [string, any][]).get(key)).toMatchObject([{ n: 1 }])
    }
    await answerTo(odd.channel.push('update_meta', { n: 2 }))
    await eventually(() => ada.attendance.told.includes(`leave ${key} left=1`))
    odd.channel.leave()
    await eventually(() => ada.attendance.told.includes(`leave ${key} left=0`))
    expect(ada.attendance.keys()).toEqual(['watcher'])
  },
)

describe('what is a fault with Phoenix and right here', () => {
  test('a phx_ref that a client forged in its meta never gets out', async () => {
    const { port } = await start()
    const ada = await attend(await connectSocket(port, 'ada'), topic)
    const victim = ada.attendance.metas().ada![0].phx_ref
    const forged = { phx_ref: victim, phx_ref_prev: victim, n: 1 }
    const eve = await attend(await connectSocket(port, 'eve'), topic, { meta: forged })
    await eventually(() => ada.attendance.keys().length === 2)
    const raw = await connect(`ws://127.0.0.1:${port}/socket/websocket?user_id=raw&vsn=2.0.0`)
    raw.send(['1', '1', topic, 'phx_join', { track: false }])
    const [, , , , state] = await raw.next(([, , , event]) => event === 'presence_state')
    for (const [own] of [ada.attendance.metas().eve!, eve.attendance.metas().eve!, state.eve.metas]) {
      expect(own.n).toBe(1)
      expect(own.phx_ref).not.toBe(victim)
      expect(own).not.toHaveProperty('phx_ref_prev')
    }
    await answerTo(eve.channel.push('update_meta', { ...forged, n: 2 }))
    await eventually(() => ada.attendance.metas().eve?.[0].n === 2)
    expect(ada.attendance.metas().eve![0].phx_ref_prev).not.toBe(victim)
    eve.channel.leave()
    await eventually(() => ada.attendance.keys().length === 1)
    // With the forged ref taken at its word, ada would have gone with eve.
    expect(ada.attendance.metas().ada![0].phx_ref).toBe(victim)
  })

  test('the state comes before any diff, and holds the joiner: nobody has to sort out a race', async () => {
    const { port } = await start()
    const others = await Promise.all(['b', 'c', 'd'].map((name) => connectSocket(port, name)))
    const peer = await connect(`ws://127.0.0.1:${port}/socket/websocket?user_id=ada&vsn=2.0.0`)
    peer.send(['1', '1', topic, 'phx_join', {}])
    await Promise.all(others.map((socket) => joined(socket, topic)))
    await peer.until(
      () => JSON.stringify(peer.received).includes('"d"') && JSON.stringify(peer.received).includes('"b"'),
      'everybody',
    )
    const events = peer.received.map((frame: any) => frame[3])
    expect(events.slice(0, 2)).toEqual(['phx_reply', 'presence_state'])
    const [, state, ...diffs] = peer.received.map((frame: any) => frame[4])
    expect(Object.keys(state)).toContain('ada')
    // The official functions, diff by diff, never see somebody twice.
    let held = Presence.syncState({}, state)
    for (const diff of diffs) held = Presence.syncDiff(held, diff)
    const metas = Presence.list(held, (_key, presence: any) => presence.metas.length)
    expect(metas.every((count: unknown) => count === 1)).toBe(true)
  })

  test('one who comes and goes within a flush is not told at all', async () => {
    const server = await start({ flush: { floorMs: 80 } })
    const ada = await attend(await connectSocket(server.port, 'ada'), topic)
    server.registry.track('1', topic, 'first', {})
    await eventually(() => ada.attendance.keys().length === 2)
    server.registry.track('2', topic, 'passer-by', {})
    server.registry.untrack('2', topic)
    server.registry.track('3', topic, 'second', {})
    await eventually(() => ada.attendance.keys().length === 3)
    expect(ada.attendance.told.join()).not.toContain('passer-by')
  })
})
