import { type Channel, type OpenTransport, Socket, type SocketDialect } from '@rollcall/client'
import { afterEach, expect, test } from 'vitest'
import { soon } from '../support/soon'
import { Chance } from './chance'
import { mutateText } from './mutate'
import { serverBytes, serverText } from './server-grammar'

/*
 * What calls itself a server may be anything: a whole client is told what no server would say, over a transport of its
 * own. It must not throw, its events have to make its map, and a server that comes to its senses is believed.
 */

const SEED = 1
const EPISODES = 20
const FRAMES = 100
const TOPIC = 'room:lobby'

type Listener = Parameters<OpenTransport>[2]

/** A server that answers hellos, joins, leaves and heartbeats, and says what it is told to. */
class HostileServer {
  listener: Listener | null = null
  #joinRef: unknown = null

  readonly open: OpenTransport = (_url, _subprotocol, listener) => {
    queueMicrotask(() => {
      this.listener = listener
      listener.onOpen()
    })
    return {
      send: (frame) => this.#answer(JSON.parse(String(frame))),
      close: (code, reason) => queueMicrotask(() => listener.onClose(code, reason)),
      abandon: () => {},
    }
  }

  say(frame: unknown): void {
    this.listener?.onFrame(
      typeof frame === 'string' || frame instanceof Uint8Array ? frame : JSON.stringify(frame),
    )
  }

  /** Says who is there, as a server would, under an epoch that nothing was said of. */
  tell(dialect: SocketDialect, keys: readonly string[]): void {
    const presences = keys.map((key, i) => ({ ref: `sane-${i}`, key, meta: {}, rev: 0 }))
    const metas = Object.fromEntries(keys.map((key, i) => [key, { metas: [{ phx_ref: `sane-${i}` }] }]))
    const state = { epoch: 'sane', seq: 1, digest: 0, presences }
    this.say([this.#joinRef, null, TOPIC, 'presence_state', dialect === 'phoenix' ? metas : state])
  }

  #answer([joinRef, ref, topic, event]: readonly unknown[]): void {
    if (event === 'phx_join') this.#joinRef = joinRef
    const identity = { id: 'ada' }
    const response =
      event === 'hello' ? { session: 's', token: 't', resumed: false, identity, limits: {} } : {}
    const reply = [joinRef, ref, topic, 'phx_reply', { status: 'ok', response }]
    queueMicrotask(() => this.say(reply))
  }
}

/** What the events of a channel make of its presence. */
function shadow(channel: Channel): { readonly roster: Set<string>; readonly violations: string[] } {
  const [roster, violations] = [new Set<string>(), [] as string[]]
  channel.presence.on('join', ({ key }) => {
    if (roster.has(key)) violations.push(`${key} joined, who was there`)
    roster.add(key)
  })
  channel.presence.on('leave', ({ key }) => {
    if (!roster.delete(key)) violations.push(`${key} left, who was not there`)
  })
  return { roster, violations }
}

const sockets: Socket[] = []
afterEach(async () => {
  await Promise.all(sockets.splice(0).map((socket) => socket.disconnect()))
})

test.each(['rollcall', 'phoenix'] as const)(
  `[C-17] a client of the %s dialect is told ${EPISODES * FRAMES} things that no server says`,
  async (dialect) => {
    for (let episode = 0; episode < EPISODES; episode++) {
      const server = new HostileServer()
      const socket = new Socket('ws://localhost/socket', {
        dialect,
        transport: server.open,
        sessionStorage: null,
      })
      sockets.push(socket)
      // Told, and not thrown.
      socket.on('fault', () => {})
      socket.connect()
      const channel = socket.channel(TOPIC)
      const { roster, violations } = shadow(channel)
      await channel.join()
      for (let i = 0; i < FRAMES; i++) {
        const chance = Chance.of(SEED + episode, i)
        const text = serverText(chance)
        server.say(
          chance.weighted<() => string | Uint8Array>([
            [8, () => text],
            [3, () => mutateText(chance, text, () => serverText(chance))],
            [1, () => serverBytes(chance)],
          ])(),
        )
        // Who is out is shown nobody, and is told of nobody's leave.
        if (channel.status === 'left') roster.clear()
        const keys = [...channel.presence.keys()]
        expect(new Set(keys), `episode ${episode}, frame ${i}`).toEqual(roster)
        expect(channel.presence.list().every(({ presences }) => presences.length > 0)).toBe(true)
      }
      expect(violations).toEqual([])

      // It may have been told that it is out, or in no state to be believed.
      await channel.join()
      server.tell(dialect, ['ada', 'bob'])
      await soon(
        () => channel.presence.size === 2 && channel.presence.has('bob'),
        5000,
        () => `episode ${episode} to end with who is there: ${JSON.stringify([...channel.presence.keys()])}`,
      )
    }
  },
)
