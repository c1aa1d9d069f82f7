import { describe, expect, test } from 'vitest'
import type { Authenticate } from '../identity/identity'
import { hello } from '../testing-support/held-session'
import type { MemoryWire } from '../testing-support/memory-wire'
import { topic } from '../testing-support/native-client'
import { type SharingNode, sharedNodes } from '../testing-support/shared-nodes'
import type { Peer, TestNode } from '../testing-support/test-node'
import type { Authorize } from './authorization'
import { defineChannel } from './channel-definition'
import { refuse } from './reply'

/*
 * A refusal holds for every way: each row of a table is another way to make others see or receive something, and
 * each refusal is tried with all of them.
 */

type Role = 'writer' | 'reader' | 'ghost' | 'banned'

const authorize: Authorize = ({ identity }) => {
  switch (identity.claims?.role as Role) {
    case 'reader':
      return { readOnly: true }
    case 'ghost':
      return { invisible: true }
    case 'banned':
      return refuse('banned')
    default:
      return undefined
  }
}

const authenticate: Authenticate = ({ token }) => {
  const [id = '', role = ''] = (token ?? '').split(':')
  return { id, claims: { role } }
}

const room = defineChannel({
  topicPattern: 'room:*',
  observable: true,
  authorize,
  join: (ctx, payload) => {
    const tracked = ctx.track(ctx.identity.id, (payload.meta ?? {}) as Record<string, never>)
    return { tracked: tracked.ok }
  },
  handlers: { say: (ctx, payload) => ctx.broadcast('said', payload) },
  unhandled: (ctx, event, payload) => ctx.broadcast(event, payload),
})

/** The frames of a dialect. */
interface Spelling {
  readonly name: string
  readonly isPolled?: boolean
  readonly handshake: {
    readonly path: string
    readonly subprotocols: string[]
    readonly params: [string, string][]
  }
  frame(event: string, payload: object, ref: string): unknown
}

type Carried = Pick<Spelling, 'handshake' | 'isPolled'>
type AnyPeer = Peer<Pick<MemoryWire, 'receive' | 'writes' | 'end'>>

const arrays = (event: string, payload: object, ref: string) => [
  event === 'phx_join' ? ref : null,
  ref,
  topic,
  event,
  payload,
]
const objects = (event: string, payload: object, ref: string) => ({ topic, event, payload, ref })
const spellings: readonly Spelling[] = [
  {
    name: 'rollcall',
    handshake: { path: '/socket', subprotocols: ['rollcall.v1'], params: [] },
    frame: arrays,
  },
  {
    name: 'phoenix-v2',
    handshake: { path: '/socket/websocket', subprotocols: [], params: [['vsn', '2.0.0']] },
    frame: arrays,
  },
  {
    name: 'phoenix-v1',
    handshake: { path: '/socket/websocket', subprotocols: [], params: [] },
    frame: objects,
  },
  {
    name: 'phoenix-v2 by long poll',
    isPolled: true,
    handshake: { path: '/socket/longpoll', subprotocols: [], params: [['vsn', '2.0.0']] },
    frame: arrays,
  },
  {
    name: 'phoenix-v1 by long poll',
    isPolled: true,
    handshake: { path: '/socket/longpoll', subprotocols: [], params: [] },
    frame: objects,
  },
  { name: 'zzz', handshake: { path: '/socket', subprotocols: [], params: [] }, frame: objects },
]

const MARK = 'what nobody may see'
const marked = { meta: { text: MARK }, patch: { text: MARK }, text: MARK }

/** A room on two nodes with a watcher in each dialect, Vix included. */
async function watchedRoom() {
  const { clock, nodes } = sharedNodes(2, { channels: [room], authenticate, implicitTopic: topic })
  const [here, there] = nodes as [SharingNode, SharingNode]
  const open = (node: TestNode, spelling: Carried, token: string): Promise<AnyPeer> => {
    const { params, ...request } = spelling.handshake
    const changes = { ...request, params: new Map(params), token }
    return spelling.isPolled ? node.poll(changes) : node.connect(changes)
  }
  const watchers: AnyPeer[] = []
  for (const spelling of spellings) {
    const watcher = await open(here, spelling, `watcher-${spelling.name}:writer`)
    watcher.say(spelling.frame('phx_join', {}, '1'))
    watchers.push(watcher)
  }
  watchers.push(await open(here, VIX, 'watcher-vix:writer'))
  await clock.advance(300)
  /** All frames that the watchers have received since the last call. */
  const heard = async () => {
    await clock.advance(300)
    return (await Promise.all(watchers.map((watcher) => watcher.heard()))).flat()
  }
  await heard()
  const listed = async () => {
    const list = here.registry.list(topic)
    await clock.advance(300)
    return (await list).filter(({ key }) => !key.startsWith('watcher'))
  }
  return { clock, here, there, open, heard, listed }
}

const VIX = { handshake: { path: '/', subprotocols: [] as string[], params: [] as [string, string][] } }

type Room = Awaited<ReturnType<typeof watchedRoom>>

/** A way to show others something. `peer` is in the room with `{n: 1}`, unless it was refused. */
interface Way {
  readonly name: string
  /** Whether only the native dialect has this way. */
  readonly isNative?: boolean
  /** Whether it shows nothing new even for a session without restrictions. */
  readonly isSilent?: boolean
  go(peer: AnyPeer, spelling: Spelling, room: Room, role: Role): Promise<unknown>
}

const ways: readonly Way[] = [
  {
    name: 'an event that has a handler',
    go: (peer, { frame }) => peer.ask(frame('say', marked, '5')),
  },
  { name: 'an event that has none', go: (peer, { frame }) => peer.ask(frame('whatever', marked, '5')) },
  { name: 'an update', go: (peer, { frame }) => peer.ask(frame('presence_update', marked, '5')) },
  { name: 'a patch', go: (peer, { frame }) => peer.ask(frame('presence_patch', marked, '5')) },
  { name: 'a second join', go: (peer, { frame }) => peer.ask(frame('phx_join', marked, '5')) },
  {
    name: 'several joins at once',
    async go(peer, { frame }) {
      peer.say(frame('phx_join', marked, '5'), frame('phx_join', marked, '6'), frame('say', marked, '7'))
      await peer.heard()
    },
  },
  {
    name: 'a second join from a position',
    go: (peer, { frame }) => peer.ask(frame('phx_join', { ...marked, presence_since: null }, '5')),
  },
  {
    name: 'a leave and a join',
    async go(peer, { frame }, { clock }) {
      await peer.ask(frame('phx_leave', {}, '5'))
      await clock.advance(300)
      await peer.ask(frame('phx_join', marked, '6'))
    },
  },
  {
    name: 'a join, a leave and a join again, before anything is told',
    async go(peer, { frame }) {
      peer.say(frame('phx_join', marked, '5'), frame('phx_leave', {}, '6'), frame('phx_join', marked, '7'))
      await peer.heard()
    },
  },
  {
    name: 'a page that is loaded again and goes on with the session',
    isNative: true,
    async go(peer, spelling, { here, open, clock }, role) {
      const { token } = await hello(peer)
      peer.wire.end(1001)
      const again = await open(here, spelling, `ada:${role}`)
      await hello(again, token, 'another page')
      await again.ask(spelling.frame('phx_join', marked, '5'))
      await clock.advance(300)
      await again.ask(spelling.frame('phx_join', marked, '6'))
    },
  },
  {
    name: 'a return with other params',
    isNative: true,
    isSilent: true,
    async go(peer, spelling, { here, clock }, role) {
      const { token } = await hello(peer)
      peer.wire.end(1006)
      const again = await here.connect({ token: `ada:${role}`, params: new Map([['user_id', MARK]]) })
      await hello(again, token)
      await again.ask(spelling.frame('phx_join', { ...marked, presence_since: null }, '5'))
      await clock.advance(300)
    },
  },
  {
    name: 'a return on another node',
    isNative: true,
    async go(peer, spelling, { there, open, clock }, role) {
      const { token } = await hello(peer)
      peer.wire.end(1006)
      const again = await open(there, spelling, `ada:${role}`)
      await hello(again, token)
      await again.ask(spelling.frame('phx_join', marked, '5'))
      await clock.advance(300)
      await again.ask(spelling.frame('phx_join', marked, '6'))
    },
  },
  {
    name: 'new credentials, and a join after them',
    isNative: true,
    async go(peer, spelling, { clock }, role) {
      await peer.ask([null, 'r', 'rollcall', 'refresh', { token: `ada:${role}`, params: { user_id: MARK } }])
      await clock.advance(300)
      await peer.ask(spelling.frame('phx_join', marked, '5'))
    },
  },
]

const rows = spellings.flatMap((spelling) =>
  ways
    .filter(({ isNative }) => !isNative || spelling.name === 'rollcall')
    .map(({ name, isSilent = false, go }) => ({ dialect: spelling.name, way: name, isSilent, spelling, go })),
)

async function inRoomAs(role: Role, spelling: Spelling) {
  const all = await watchedRoom()
  const peer = await all.open(all.here, spelling, `ada:${role}`)
  peer.say(spelling.frame('phx_join', { meta: { n: 1 } }, '2'))
  await all.clock.advance(300)
  await peer.heard()
  return { ...all, peer }
}

describe('[S-62] a read-only session changes nothing that others see', () => {
  test.each(rows)('$dialect: $way', async ({ spelling, go }) => {
    const room = await inRoomAs('reader', spelling)
    await room.heard()
    expect(await room.listed()).toMatchObject([{ key: 'ada', meta: { n: 1 } }])
    await go(room.peer, spelling, room, 'reader')
    const frames = JSON.stringify(await room.heard())
    expect(frames).not.toContain(MARK)
    expect(await room.listed()).toMatchObject([{ key: 'ada', meta: { n: 1 } }])
  })

  test.each(rows.filter(({ isSilent }) => !isSilent))(
    '$dialect: $way, of a writer, is seen: the table can fail',
    async ({ spelling, go }) => {
      const room = await inRoomAs('writer', spelling)
      await room.heard()
      await go(room.peer, spelling, room, 'writer')
      expect(JSON.stringify(await room.heard())).toContain(MARK)
    },
  )

  test('a session that may write again shows its changes, and keeps them when it is read-only again', async () => {
    const native = spellings[0] as Spelling
    const { peer, clock, listed } = await inRoomAs('reader', native)
    const refresh = async (role: Role) => {
      await peer.ask([null, 'r', 'rollcall', 'refresh', { token: `ada:${role}` }])
      await clock.advance(2000)
    }
    const joinAgain = async (n: number, ref: string) => {
      await peer.ask(native.frame('phx_join', { meta: { n } }, ref))
      await clock.advance(300)
    }
    await joinAgain(2, '5')
    expect(await listed()).toMatchObject([{ meta: { n: 1 } }])
    await refresh('writer')
    await joinAgain(3, '6')
    expect(await listed()).toMatchObject([{ meta: { n: 3 } }])
    await refresh('reader')
    await joinAgain(4, '7')
    expect(await listed()).toMatchObject([{ meta: { n: 3 } }])
  })

  test('[S-95] it does not after more topics than the server remembers either', async () => {
    const native = spellings[0] as Spelling
    const { peer, clock, here, heard, listed } = await inRoomAs('reader', native)
    const metasIn = async (name: string) => {
      const list = here.registry.list(name)
      await clock.advance(300)
      return (await list).filter(({ key }) => key === 'ada').map(({ meta }) => meta)
    }
    /** Joins and leaves, and returns the presence that was shown. */
    const visit = async (name: string, meta: object) => {
      await peer.ask(['j', 'j', name, 'phx_join', { meta }])
      await clock.advance(1000)
      const shown = await metasIn(name)
      await peer.ask(['j', 'l', name, 'phx_leave', {}])
      return shown
    }
    const wide = { text: 'x'.repeat(200) }
    let latest = 0
    while (latest < 1000 && (await visit(`room:${latest}`, wide)).length > 0) latest++
    expect(latest).toBeGreaterThan(200)
    expect(latest).toBeLessThan(1000)
    await heard()
    // A remembered presence is shown again. Without one, the session only reads.
    expect(await visit('room:0', marked)).toEqual([wide])
    expect(await visit(`room:${latest - 1}`, marked)).toEqual([])
    expect(await visit('room:never', marked)).toEqual([])
    await peer.ask(native.frame('phx_join', marked, '8'))
    expect(JSON.stringify(await heard())).not.toContain(MARK)
    expect(await listed()).toMatchObject([{ key: 'ada', meta: { n: 1 } }])
  })

  test('the application may track anything for a reader, and knows that it is one', async () => {
    const { clock, nodes } = sharedNodes(1, {
      authenticate,
      channels: [
        defineChannel({
          topicPattern: 'room:*',
          authorize,
          join: (ctx) => {
            ctx.track(ctx.identity.id, { isReadOnly: ctx.isReadOnly })
            if (ctx.isReadOnly) later.push(() => ctx.update({ hand: 'raised' }))
          },
        }),
      ],
    })
    const later: (() => void)[] = []
    const node = nodes[0] as SharingNode
    const peer = await node.connect({ token: 'ada:reader' })
    await peer.join(topic)
    await clock.advance(300)
    const metas = async () => {
      const list = node.registry.list(topic)
      await clock.advance(300)
      return (await list).map(({ meta }) => meta)
    }
    expect(await metas()).toEqual([{ isReadOnly: true }])
    for (const each of later) each()
    expect(await metas()).toEqual([{ hand: 'raised' }])
  })
})

describe('[S-62] others see no presence of an invisible session', () => {
  test.each(rows.filter(({ way }) => !way.startsWith('an event') && !way.startsWith('several')))(
    '$dialect: $way',
    async ({ spelling, go }) => {
      const room = await inRoomAs('ghost', spelling)
      expect(await room.heard()).toEqual([])
      await go(room.peer, spelling, room, 'ghost')
      expect(await room.heard()).toEqual([])
      expect(await room.listed()).toEqual([])
    },
  )

  test('a Vix client opens, joins and leaves without a message to others', async () => {
    const room = await watchedRoom()
    const peer = await room.open(room.here, VIX, 'ada:ghost')
    await room.clock.advance(300)
    expect(await peer.heard()).toEqual([
      { type: 'presence.system', payload: { message: 'A new connection opened' } },
    ])
    await peer.ask({ type: 'presence.join', payload: { user: 'ada' } })
    await room.clock.advance(300)
    await peer.ask({ type: 'presence.leave', payload: { user: 'ada' } })
    expect(await room.heard()).toEqual([])
    // A session that may be seen is visible.
    await room.open(room.here, VIX, 'bob:writer')
    expect(await room.heard()).toContainEqual(expect.objectContaining({ type: 'presence.system' }))
  })
})

describe('[S-62] a refused session is not present in any way', () => {
  test.each(rows)('$dialect: $way', async ({ spelling, go }) => {
    const room = await inRoomAs('banned', spelling)
    await go(room.peer, spelling, room, 'banned')
    expect(await room.heard()).toEqual([])
    expect(await room.listed()).toEqual([])
  })
})

describe('[S-62] a Vix client that may only read', () => {
  test('sends no events, and takes nobody else offline', async () => {
    const room = await watchedRoom()
    const bob = await room.open(room.here, VIX, 'bob:writer')
    await bob.ask({ type: 'presence.join', payload: { user: 'Bob' } })
    const peer = await room.open(room.here, VIX, 'ada:reader')
    await room.heard()
    await peer.ask({ type: 'presence.leave', payload: { user: 'Bob' } })
    await peer.ask({ type: 'say', payload: { text: MARK } })
    await peer.ask({ type: 'whatever', payload: { text: MARK } })
    expect(await room.heard()).toEqual([])
    expect(await room.listed()).toMatchObject([{ key: 'Bob' }])
    await (await room.open(room.here, VIX, 'eve:writer')).ask({
      type: 'presence.leave',
      payload: { user: 'Bob' },
    })
    await room.clock.advance(300)
    expect(await room.listed()).toEqual([])
  })
})
