import { type Channel, Presence, type Push, Socket, type SocketConnectOption } from 'phoenix'
import { onTestFinished, vi } from 'vitest'
import { WebSocket } from 'ws'

/*
 * The official client, as it is in the registry. It runs in Node with `ws` as its transport, which is one of its own
 * options; waits are made short by others of them.
 */

export interface ClientOptions extends Partial<Omit<SocketConnectOption, 'authToken'>> {
  readonly authToken?: string | (() => string)
}

/** A socket of the official client that is not connected yet; disconnected when the test ends. */
export function newSocket(port: number, options: ClientOptions = {}): Socket {
  const socket = new Socket(`ws://127.0.0.1:${port}/socket`, {
    transport: WebSocket as unknown as NonNullable<SocketConnectOption['transport']>,
    timeout: 3000,
    reconnectAfterMs: () => 20,
    rejoinAfterMs: () => 20,
    ...(options as Partial<SocketConnectOption>),
  })
  onTestFinished(() => socket.disconnect())
  return socket
}

/** The same, connected as somebody. */
export async function connectSocket(
  port: number,
  userId: string,
  options: ClientOptions = {},
): Promise<Socket> {
  const socket = newSocket(port, { params: { user_id: userId }, ...options })
  const opened = new Promise<void>((resolve) => socket.onOpen(() => resolve()))
  socket.connect()
  await opened
  return socket
}

export interface Answer {
  readonly status: 'ok' | 'error' | 'timeout'
  readonly response: any
}

/** What comes of a push, whichever of the three it is. */
export function answerTo(push: Push): Promise<Answer> {
  return new Promise((resolve) => {
    for (const status of ['ok', 'error', 'timeout'] as const) {
      push.receive(status, (response) => resolve({ status, response }))
    }
  })
}

/** Joins, and returns the channel once it is in. */
export async function joined(socket: Socket, topic: string, payload: object = {}): Promise<Channel> {
  const channel = socket.channel(topic, payload)
  const { status, response } = await answerTo(channel.join())
  if (status !== 'ok') throw new Error(`The join came to ${status}: ${JSON.stringify(response)}`)
  return channel
}

/** The official presence of a channel, with all that it ever told. */
export class Attendance {
  readonly presence: Presence
  /** `join ada new`, `join ada again`, `leave ada left=1`, as the recordings write it. */
  readonly told: string[] = []
  syncs = 0

  constructor(channel: Channel) {
    this.presence = new Presence(channel)
    this.presence.onJoin((key, current) => this.told.push(`join ${key} ${current ? 'again' : 'new'}`))
    this.presence.onLeave((key, current) => this.told.push(`leave ${key} left=${current.metas.length}`))
    this.presence.onSync(() => void this.syncs++)
  }

  /** Keys present, each with its metas. */
  metas(): Record<string, any[]> {
    return Object.fromEntries(this.presence.list((key: string, { metas }: any) => [key, metas]))
  }

  /** Keys present, in order of their names. */
  keys(): string[] {
    return Object.keys(this.metas()).sort()
  }
}

/** Joins with a presence that listens from before the join. */
export async function attend(
  socket: Socket,
  topic: string,
  payload: object = {},
): Promise<{ readonly channel: Channel; readonly attendance: Attendance }> {
  const channel = socket.channel(topic, payload)
  const attendance = new Attendance(channel)
  const { status, response } = await answerTo(channel.join())
  if (status !== 'ok') throw new Error(`The join came to ${status}: ${JSON.stringify(response)}`)
  await eventually(() => attendance.syncs > 0)
  return { channel, attendance }
}

/** The next payload of an event. */
export function nextEvent(channel: Channel, event: string): Promise<any> {
  return new Promise((resolve) => {
    const ref = channel.on(event, (payload) => {
      channel.off(event, ref)
      resolve(payload)
    })
  })
}

/** Resolves once it holds. */
export async function eventually(holds: () => unknown): Promise<void> {
  await vi.waitUntil(holds, { timeout: 5000, interval: 5 })
}
