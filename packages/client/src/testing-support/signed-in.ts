import { Socket, type SocketOptions } from '../socket'
import { createFakeServer } from '../testing/fake-server'
import type { FakeServerOptions } from '../testing/fake-server-options'
import { VirtualClock } from '../testing/virtual-clock'

/** Lifetime of the fake server's credentials, in milliseconds. */
export const LIFE_MS = 100_000
/** Time of the renewal: half of the lifetime, which is too short for a margin of a minute. In milliseconds. */
export const RENEWAL_MS = 50_000
/** Longest wait before a lost connection is tried again, in milliseconds. */
export const RETRY_MS = 10

/** A test's stand-in for the application's token function. */
export interface TokenSource {
  /** Number of calls. */
  calls: number
  /** Returns the token of a call. By default `t<n>` for the n-th call. */
  answer: (call: number) => Promise<string> | string
}

/** Opens a socket of Ada with a token function, to a fake server that says how long credentials last. */
export async function signIn(options: SocketOptions = {}, of: FakeServerOptions = { expiresInMs: LIFE_MS }) {
  const clock = new VirtualClock()
  const server = createFakeServer(of)
  const source: TokenSource = { calls: 0, answer: (call) => `t${call}` }
  /** The token in the subprotocol of each handshake. */
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
