import { Socket, type SocketOptions } from '../socket'
import { createFakeServer } from '../testing/fake-server'
import type { FakeServerOptions } from '../testing/fake-server-options'
import { VirtualClock } from '../testing/virtual-clock'

/** How long the fake server's credentials last, in milliseconds. */
export const LIFE_MS = 100_000
/** By when a renewal is on its way: half of the life, where a minute is no room. */
export const RENEWAL_MS = 50_000
/** By when a lost connection is tried again, in milliseconds. */
export const RETRY_MS = 10

/** What a test does as the application's token function. */
export interface TokenSource {
  /** How often it was asked. */
  calls: number
  /** Answers; the n-th call is answered with `t<n>` unless a test says otherwise. */
  answer: (call: number) => Promise<string> | string
}

/** A socket of Ada's whose token comes of a function, at a fake server that tells how long it lasts; it is open. */
export async function signIn(options: SocketOptions = {}, of: FakeServerOptions = { expiresInMs: LIFE_MS }) {
  const clock = new VirtualClock()
  const server = createFakeServer(of)
  const source: TokenSource = { calls: 0, answer: (call) => `t${call}` }
  /** The secret subprotocol of each handshake, read. */
  const handshakes: string[] = []
  const socket = new Socket('ws://test/socket?tenant=7', {
    params: { user_id: 'ada' },
    authToken: () => {
      source.calls += 1
      return source.answer(source.calls)
    },
    clock,
    random: () => 0.5,
    heartbeatIntervalMs: 600_000,
    backoff: { baseMs: RETRY_MS, capMs: RETRY_MS },
    ...options,
    transport: (url, subprotocol, listener, secret) => {
      handshakes.push(secret ? atob(secret.replace('base64url.bearer.phx.', '')) : url)
      return server.transport(url, subprotocol, listener, secret)
    },
  })
  const told: string[] = []
  socket.on('status', (status) => told.push(status))
  socket.on('fault', ({ code, reason }) => told.push(`fault ${reason ?? code}`))
  socket.connect()
  await clock.advance(0)
  return { clock, server, socket, source, handshakes, told }
}
