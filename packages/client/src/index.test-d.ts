import { expectTypeOf, test } from 'vitest'
import type {
  Channel,
  MetaPatch,
  Presence,
  PresenceEntry,
  PresenceView,
  Socket,
  SocketOptions,
} from './index'

// Checked by the compiler; nothing here runs.

interface User {
  name: string
  status?: 'online' | 'away'
  device: { kind: string; os?: string }
}

declare const socket: Socket
declare const channel: Channel<User>
declare const presence: Presence<User>

test('the type of the meta flows from the channel to everything that tells of presence', () => {
  expectTypeOf(socket.channel<User>('t')).toEqualTypeOf<Channel<User>>()
  expectTypeOf(channel.presence).toEqualTypeOf<Presence<User>>()
  expectTypeOf(presence.get('ada')).toEqualTypeOf<PresenceEntry<User> | undefined>()
  expectTypeOf(presence.list()).toEqualTypeOf<readonly PresenceEntry<User>[]>()
  expectTypeOf(presence.getSnapshot()).toEqualTypeOf<PresenceView<User>>()
  for (const [key, entry] of presence) {
    expectTypeOf(key).toEqualTypeOf<string>()
    expectTypeOf(entry.meta).toEqualTypeOf<User>()
    expectTypeOf(entry.presences[0]?.meta).toEqualTypeOf<User | undefined>()
  }
})

test('and to the listeners', () => {
  presence.on('join', (entry) => expectTypeOf(entry).toEqualTypeOf<PresenceEntry<User>>())
  presence.on('update', (entry, previous) => {
    expectTypeOf(entry.meta).toEqualTypeOf<User>()
    expectTypeOf(previous).toEqualTypeOf<PresenceEntry<User>>()
  })
  presence.on('sync', (view) => expectTypeOf(view).toEqualTypeOf<PresenceView<User>>())
  presence.on('presence_join', ({ meta }) => expectTypeOf(meta).toEqualTypeOf<User>())
  presence.on('leave', (_entry, reason) => {
    expectTypeOf(reason).toEqualTypeOf<
      'left' | 'closed' | 'timeout' | 'kicked' | 'expired' | 'replaced' | 'node_lost' | 'drained'
    >()
  })
  // @ts-expect-error: there is no such event
  presence.on('arrive', () => {})
  // @ts-expect-error: there is no such event
  socket.on('opened', () => {})
})

test('updates take a whole meta, patches a part of one', () => {
  expectTypeOf(presence.update).parameter(0).toEqualTypeOf<User>()
  expectTypeOf(presence.patch).parameter(0).toEqualTypeOf<MetaPatch<User>>()
  void presence.patch({ status: null })
  void presence.patch({ device: { os: null } })
  void presence.patch({})
  // @ts-expect-error: a meta has a name
  void presence.update({ status: 'away', device: { kind: 'phone' } })
  // @ts-expect-error: not one of the statuses
  void presence.patch({ status: 'gone' })
  // @ts-expect-error: not a field of the meta
  void presence.patch({ nmae: 'Ada' })
})

test('without a type a meta is JSON', () => {
  const untyped = socket.channel('t')
  expectTypeOf(untyped.presence.get('ada')?.meta.name).toEqualTypeOf<
    import('@rollcall/shared-protocol').JsonValue | undefined
  >()
})

test('payloads and responses are what the caller says, and unknown otherwise', () => {
  expectTypeOf(channel.push('e')).toEqualTypeOf<Promise<unknown>>()
  expectTypeOf(channel.push<{ id: number }>('e')).toEqualTypeOf<Promise<{ id: number }>>()
  expectTypeOf(channel.join<{ seat: string }>()).toEqualTypeOf<Promise<{ seat: string }>>()
  channel.on('new_msg', (payload) => expectTypeOf(payload).toEqualTypeOf<unknown>())
  channel.on('new_msg', (payload: { body: string }) => payload.body)
  // An interface has no index signature; a payload may hold one all the same.
  const user: User = { name: 'Ada', device: { kind: 'phone' } }
  socket.channel<User>('t', { meta: user })
  socket.channel<User>('t', () => ({ meta: user }))
})

test('the status is a closed set, so that a switch over it can be exhaustive', () => {
  expectTypeOf(socket.status).toEqualTypeOf<'idle' | 'connecting' | 'open' | 'waiting' | 'closed'>()
  expectTypeOf(channel.status).toEqualTypeOf<
    'idle' | 'joining' | 'joined' | 'away' | 'leaving' | 'left' | 'refused'
  >()
})

test('[C-44] what JSON would turn into something else does not compile', () => {
  const plain = socket.channel('t').presence
  // @ts-expect-error: null is no meta
  void plain.update(null)
  // @ts-expect-error: nor a number
  void plain.update(5)
  // @ts-expect-error: nor a list
  void plain.update(['a'])
  // @ts-expect-error: nor a text
  void presence.update('Ada')
  // @ts-expect-error: null is no patch
  void plain.patch(null)
  // @ts-expect-error: nor for a meta of the program's own
  void presence.patch(null)
  // @ts-expect-error: null is no payload of a join
  socket.channel('t', null)
  // @ts-expect-error: nor a Map
  socket.channel('t', new Map())
  // @ts-expect-error: nor a promise of an object
  socket.channel('t', async () => ({}))
})

test('[C-44] params are an object, or a function that makes one', () => {
  expectTypeOf<{ user_id: string }>().toExtend<NonNullable<SocketOptions['params']>>()
  expectTypeOf<() => Promise<{ token: string }>>().toExtend<NonNullable<SocketOptions['params']>>()
  expectTypeOf<string>().not.toExtend<NonNullable<SocketOptions['params']>>()
  expectTypeOf<Map<string, string>>().not.toExtend<NonNullable<SocketOptions['params']>>()
  expectTypeOf<URLSearchParams>().not.toExtend<NonNullable<SocketOptions['params']>>()
  expectTypeOf<Promise<{ a: string }>>().not.toExtend<NonNullable<SocketOptions['params']>>()
  expectTypeOf<() => URLSearchParams>().not.toExtend<NonNullable<SocketOptions['params']>>()
})
