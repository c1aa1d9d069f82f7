import { expect, test } from 'vitest'
import { connect, type Peer } from '../support/peer'
import { startServer } from '../support/server'

/*
 * One topic, five spellings of its wire and a long poll: all of them see the same people.
 */

const topic = 'room:lobby'

interface Guest {
  readonly name: string
  readonly peer: Peer
  /** Who is here, as this dialect tells it: key and what else it knows of each. */
  present(): Map<string, unknown>
}

async function enter(port: number, name: string): Promise<Guest> {
  const at = (path: string) => `ws://127.0.0.1:${port}${path}user_id=${name}`
  const meta = { from: name }
  switch (name) {
    case 'native': {
      const peer = await connect(at('/socket?'), 'rollcall.v1')
      peer.send(['1', '1', topic, 'phx_join', { meta }])
      return { name, peer, present: () => nativeMap(peer) }
    }
    case 'v2': {
      const peer = await connect(at('/socket/websocket?vsn=2.0.0&'))
      peer.send(['1', '1', topic, 'phx_join', { meta }])
      return {
        name,
        peer,
        present: () => phoenixMap(peer.received.map(([, , , event, body]: any) => [event, body])),
      }
    }
    case 'v1': {
      const peer = await connect(at('/socket/websocket?'))
      peer.send({ topic, event: 'phx_join', payload: { meta }, ref: '1' })
      return {
        name,
        peer,
        present: () => phoenixMap(peer.received.map(({ event, payload }: any) => [event, payload])),
      }
    }
    case 'zzz': {
      const peer = await connect(at('/socket?'))
      peer.send({ topic, event: 'phx_join', payload: { meta }, ref: '1' })
      return { name, peer, present: () => zzzMap(peer) }
    }
    default: {
      const peer = await connect(at('/?'))
      await peer.next()
      peer.send({ type: 'presence.join', payload: { user: name } })
      peer.send({ type: 'presence.list', payload: {} })
      return { name, peer, present: () => vixMap(peer) }
    }
  }
}

const names = ['native', 'v2', 'v1', 'zzz', 'vix']
const metaOf = (name: string) => (name === 'vix' ? {} : { from: name })

test('Phoenix V1 and V2, zzz, Vix and native clients in one topic see the same people', async () => {
  const server = await startServer()
  const guests: Guest[] = []
  for (const name of names) guests.push(await enter(server.port, name))
  const [native, v2, v1, zzz, vix] = guests as [Guest, Guest, Guest, Guest, Guest]
  await expectAll(guests, names)

  // An update, which V1 and V2 are told as a leave and a join, Vix not at all.
  native.peer.send(['1', '2', topic, 'presence_update', { meta: { from: 'native', n: 2 } }])
  await expectAll(guests, names, { native: { from: 'native', n: 2 } })
  // Phoenix clients may update natively, too.
  v2.peer.send(['1', '2', topic, 'presence_update', { meta: { from: 'v2', n: 2 } }])
  await expectAll(guests, names, { native: { from: 'native', n: 2 }, v2: { from: 'v2', n: 2 } })

  // One after the other goes, each in its own way, and the others see it.
  v2.peer.send(['1', '3', topic, 'phx_leave', {}])
  await expectAll([native, v1, zzz, vix], ['native', 'v1', 'zzz', 'vix'], {
    native: { from: 'native', n: 2 },
  })
  v1.peer.socket.terminate()
  await expectAll([native, zzz, vix], ['native', 'zzz', 'vix'], { native: { from: 'native', n: 2 } })
  vix.peer.send({ type: 'presence.leave', payload: { user: 'vix' } })
  zzz.peer.socket.close()
  await expectAll([native], ['native'], { native: { from: 'native', n: 2 } })
})

test('an event of one is an event of all, each in its own spelling', async () => {
  const server = await startServer()
  const guests: Guest[] = []
  for (const name of names) guests.push(await enter(server.port, name))
  await expectAll(guests, names)
  guests[2]!.peer.send({ topic, event: 'new_msg', payload: { body: 'hi' }, ref: '9' })
  const heard = await Promise.all(
    guests.map(({ peer }) => peer.next((frame) => JSON.stringify(frame).includes('new_msg'))),
  )
  expect(heard).toEqual([
    [null, null, topic, 'new_msg', { body: 'hi' }],
    [null, null, topic, 'new_msg', { body: 'hi' }],
    { topic, event: 'new_msg', payload: { body: 'hi' }, ref: null },
    { topic, event: 'new_msg', payload: { body: 'hi' }, ref: null },
    { type: 'new_msg', payload: { body: 'hi' } },
  ])
})

async function expectAll(
  guests: Guest[],
  present: string[],
  metas: Record<string, object> = {},
): Promise<void> {
  for (const guest of guests) {
    // Vix tells who, and nothing of them.
    const expected = present.map((name) => [
      name,
      guest.name === 'vix' ? true : (metas[name] ?? metaOf(name)),
    ])
    const seen = () => [...guest.present()].sort(byName)
    await guest.peer.until(
      () => JSON.stringify(seen()) === JSON.stringify([...expected].sort(byName as never)),
      `${guest.name} to see ${JSON.stringify(expected)}; it sees ${JSON.stringify(seen())}`,
    )
  }
}

function byName([a]: [string, unknown], [b]: [string, unknown]): number {
  return a < b ? -1 : 1
}

function nativeMap(peer: Peer): Map<string, unknown> {
  const byRef = new Map<string, { key: string; meta: unknown }>()
  for (const [, , , event, body] of peer.received as any[]) {
    if (event === 'presence_state') byRef.clear()
    for (const { ref, key, meta } of body.presences ?? body.joins ?? []) byRef.set(ref, { key, meta })
    for (const { ref, meta } of body.updates ?? []) byRef.set(ref, { key: byRef.get(ref)!.key, meta })
    for (const { ref } of body.leaves ?? []) byRef.delete(ref)
  }
  return new Map([...byRef.values()].map(({ key, meta }) => [key, meta]))
}

function phoenixMap(heard: [event: string, body: any][]): Map<string, unknown> {
  const byRef = new Map<string, { key: string; meta: unknown }>()
  const put = (state: Record<string, { metas: any[] }>) => {
    for (const [key, { metas }] of Object.entries(state)) {
      for (const { phx_ref, phx_ref_prev: _prev, ...meta } of metas) byRef.set(phx_ref, { key, meta })
    }
  }
  for (const [event, body] of heard) {
    if (event === 'presence_state') {
      byRef.clear()
      put(body)
    } else if (event === 'presence_diff') {
      put(body.joins)
      for (const { metas } of Object.values<any>(body.leaves))
        for (const { phx_ref } of metas) byRef.delete(phx_ref)
    }
  }
  return new Map([...byRef.values()].map(({ key, meta }) => [key, meta]))
}

function zzzMap(peer: Peer): Map<string, unknown> {
  const present = new Map<string, unknown>()
  for (const { event, payload } of peer.received as any[]) {
    if (event === 'presence_state') {
      present.clear()
      for (const { key, meta } of payload) present.set(key, meta)
    } else if (event === 'presence_diff') {
      for (const { key, meta } of payload.joins) present.set(key, meta)
      for (const { key } of payload.leaves) present.delete(key)
    }
  }
  return present
}

function vixMap(peer: Peer): Map<string, unknown> {
  const present = new Map<string, unknown>()
  for (const { type, payload } of peer.received as any[]) {
    if (type === 'presence.current') {
      present.clear()
      for (const user of payload.users) present.set(user, true)
    } else if (type === 'presence.online') present.set(payload.user, true)
    else if (type === 'presence.offline') present.delete(payload.user)
  }
  return present
}
