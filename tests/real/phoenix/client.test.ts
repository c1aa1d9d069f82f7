import { Socket, type SocketOptions } from '@rollcall/client'
import { HandshakeError, type HandshakeRequest, type ServerOptions } from '@rollcall/server'
import { expect, onTestFinished, test } from 'vitest'
import { startServer } from '../support/server'
import { eventually } from './support/client'
import { recordedChannel } from './support/recorded-channel'

/* Rollcall's own client with the dialect `phoenix`, over real sockets, against the server's half of it. */

const topic = 'room:lobby'
const start = (options: ServerOptions = {}) => startServer({ channels: [recordedChannel], ...options })

async function enter(port: number, userId: string, options: SocketOptions = {}) {
  const socket = new Socket(`ws://127.0.0.1:${port}/socket`, {
    dialect: 'phoenix',
    params: { user_id: userId },
    backoff: { baseMs: 20, capMs: 50 },
    ...options,
  })
  onTestFinished(() => socket.disconnect())
  const faults: unknown[] = []
  socket.on('fault', (error) => faults.push(error))
  socket.connect()
  const channel = socket.channel<{ from: string; color?: string }>(topic, { meta: { from: userId } })
  await channel.join()
  return { socket, channel, presence: channel.presence, faults }
}

test('Rollcall’s client with the dialect phoenix joins, pushes, sees who is there, and leaves', async () => {
  const { port } = await start()
  const ada = await enter(port, 'ada')
  const bob = await enter(port, 'bob')
  await eventually(() => ada.presence.size === 2 && bob.presence.size === 2)
  const refOf = (key: string) => ada.presence.get(key)?.presences[0]?.ref
  const before = refOf('bob')
  const told: string[] = []
  ada.presence.on('update', ({ key, meta }) => told.push(`update ${key} ${meta.color}`))
  ada.presence.on('leave', ({ key }) => told.push(`leave ${key}`))
  const heard: unknown[] = []
  ada.channel.on('new_msg', (payload) => heard.push(payload))

  expect(await bob.channel.push('echo', { n: 1 })).toEqual({ n: 1 })
  await expect(bob.channel.push('fail')).rejects.toMatchObject({ code: 'push_failed', reason: 'no_way' })
  await bob.channel.push('new_msg', { body: 'hi' })
  await bob.channel.push('update_meta', { color: 'green' })
  await eventually(() => told.length === 1)
  expect([told, refOf('bob') === before, heard]).toEqual([['update bob green'], true, [{ body: 'hi' }]])

  await bob.channel.leave()
  await eventually(() => !ada.presence.has('bob'))
  expect(told).toEqual(['update bob green', 'leave bob'])
  await expect(ada.presence.update({ from: 'x' })).rejects.toMatchObject({ code: 'unsupported' })
  expect([ada.faults, bob.faults]).toEqual([[], []])
})

test('Rollcall’s client with the dialect phoenix is refused with the reason', async () => {
  const { port } = await start()
  const { socket } = await enter(port, 'ada')
  await expect(socket.channel('room:deny', { deny: 'nope' }).join()).rejects.toMatchObject({
    code: 'refused',
    reason: 'nope',
  })
  await expect(socket.channel('other:x').join()).rejects.toMatchObject({
    code: 'refused',
    reason: 'unmatched topic',
  })
})

test('after the server restarts, Rollcall’s client with the dialect phoenix joins again, and its map is right', async () => {
  const first = await start()
  const { port } = first
  const ada = await enter(port, 'ada')
  const bob = await enter(port, 'bob')
  await eventually(() => ada.presence.size === 2 && bob.presence.size === 2)
  await first.close()
  await eventually(() => ada.channel.status === 'away')
  expect([ada.presence.isStale, ada.presence.size]).toEqual([true, 2])

  await start({ port })
  await eventually(() => ada.channel.status === 'joined' && bob.channel.status === 'joined')
  await eventually(() => ada.presence.size === 2 && bob.presence.size === 2 && !ada.presence.isStale)
  expect(ada.presence.get('bob')?.meta).toMatchObject({ from: 'bob' })
  expect(ada.presence.get('bob')?.presences.length).toBe(1)
  expect(ada.faults).toEqual([])
})

test.each(['phoenix', 'rollcall'] as const)(
  'the authToken of Rollcall’s client with the dialect %s reaches authenticate anew at each connection, and is in no log',
  async (dialect) => {
    const seen: HandshakeRequest[] = []
    const lines: string[] = []
    const log = (...parts: unknown[]) => void lines.push(JSON.stringify(parts))
    const server = await start({
      logger: { debug: log, info: log, warn: log, error: log },
      authenticate: (request) => {
        seen.push(request)
        if (request.token === null) throw new HandshakeError(401, 'Say who you are.')
        return { id: `holder of ${request.token.length}` }
      },
    })
    const tokens = ['very.secret.1', 'very.secret.10', '???/>>>']
    const socket = new Socket(`ws://127.0.0.1:${server.port}/socket`, {
      dialect,
      authToken: async () => tokens[seen.length],
      backoff: { baseMs: 20, capMs: 50 },
    })
    onTestFinished(() => socket.disconnect())
    for (const [index, token] of tokens.entries()) {
      socket.connect()
      await eventually(() => socket.status === 'open')
      expect([seen.length, seen[index]?.token]).toEqual([index + 1, token])
      expect(seen[index]?.subprotocols).toEqual([dialect === 'phoenix' ? 'phoenix' : 'rollcall.v1'])
      expect(JSON.stringify([...(seen[index]?.params ?? [])])).not.toContain('secret')
      await socket.disconnect()
    }
    expect(lines.length).toBeGreaterThan(0)
    expect(lines.join('\n')).not.toMatch(/secret|dmVyeS5zZWNyZXQ|\?\?\?/)

    // Without a token nobody is let in here, and the error says so.
    tokens.length = 0
    socket.connect()
    await eventually(() => socket.status === 'waiting')
    expect(socket.getSnapshot().error?.message).not.toMatch(/secret|base64url/)
  },
)

test('bytes that Rollcall’s client with the dialect phoenix pushes arrive as bytes, and come back as bytes', async () => {
  const { port } = await start()
  const ada = await enter(port, 'ada')
  const bob = await enter(port, 'bob')
  const bytes = Uint8Array.from({ length: 256 }, (_, i) => i)
  const heard: unknown[] = []
  bob.channel.on('new_msg', (payload) => heard.push(payload))
  expect(await ada.channel.push('echo', bytes)).toEqual(bytes)
  expect(await ada.channel.push('echo', bytes.slice(3, 5).buffer)).toEqual(Uint8Array.of(3, 4))
  expect(await ada.channel.push('echo', new Uint8Array())).toEqual(new Uint8Array())
  await ada.channel.push('new_msg', bytes)
  await eventually(() => heard.length === 1)
  expect(heard).toEqual([bytes])
  await expect(ada.channel.push('e'.repeat(256), bytes)).rejects.toMatchObject({ code: 'invalid_argument' })
  expect([ada.faults, bob.faults, ada.socket.status]).toEqual([[], [], 'open'])
})
