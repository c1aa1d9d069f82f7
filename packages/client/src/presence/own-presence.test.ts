import { expect, test } from 'vitest'
import { flushMicrotasks, VirtualClock } from '../testing/virtual-clock'
import { type Line, LOBBY, ScriptedServer } from '../testing-support/scripted-server'

/* What becomes of an update that a server answers with an error. */

function joined() {
  const clock = new VirtualClock()
  const { socket, line } = new ScriptedServer({ clock }, (ms) => clock.advance(ms))
  line.welcome()
  const channel = socket.channel(LOBBY)
  channel.join().catch(() => {})
  line.answer('phx_join')
  line.state('e1', 1)
  return { clock, line, presence: channel.presence }
}

const metasOf = (line: Line) => line.of('presence_update').map(([, , , , { meta }]) => meta)

function refuse(line: Line, response: object): void {
  const [joinRef, ref, topic] = line.of('presence_update').at(-1) ?? []
  line.say([joinRef, ref, topic, 'phx_reply', { status: 'error', response }])
}

test('[C-36] throttled, it is said again when the server has asked for it, as it is wanted by then', async () => {
  const { clock, line, presence } = joined()
  const first = presence.update({ n: 1 })
  refuse(line, { reason: 'throttled', message: 'Too many.', retry_after_ms: 700 })
  await flushMicrotasks()
  const second = presence.update({ n: 2 })
  await clock.advance(699)
  expect(metasOf(line)).toEqual([{ n: 1 }])
  await clock.advance(1)
  expect(metasOf(line)).toEqual([{ n: 1 }, { n: 2 }])
  line.answer('presence_update')
  await Promise.all([first, second])
})

test('[C-36] refused for any other reason, it is not said again', async () => {
  const { clock, line, presence } = joined()
  const caught = expect(presence.update({ n: 1 })).rejects.toMatchObject({ reason: 'store_unavailable' })
  refuse(line, { reason: 'store_unavailable', message: 'Not now.', retry_after_ms: 700 })
  await caught
  await clock.advance(5_000)
  expect(metasOf(line)).toEqual([{ n: 1 }])
})

test('[C-53] a change that JSON cannot express is refused at the call, and those around it go out', async () => {
  const clock = new VirtualClock()
  const server = new ScriptedServer({ clock }, (ms) => clock.advance(ms))
  server.line.welcome()
  const { presence } = server.socket.channel(LOBBY)
  const meta = { n: 1 }
  const first = presence.update(meta)
  const loop: { self?: object } = {}
  loop.self = loop
  const isText = { toJSON: () => 'text' }
  for (const bad of [{ n: 10n }, loop, { deep: [{ n: 10n }] }, isText]) {
    const refused = { code: 'invalid_argument', message: expect.stringContaining(LOBBY) }
    await expect(presence.patch(bad as never)).rejects.toMatchObject(refused)
    await expect(presence.update(bad as never)).rejects.toMatchObject(refused)
  }
  const last = presence.patch({ m: 2 })
  // It is sent as it was at the call.
  meta.n = 9
  server.socket
    .channel(LOBBY)
    .join()
    .catch(() => {})
  server.line.answer('phx_join')
  expect(metasOf(server.line)).toEqual([{ n: 1, m: 2 }])
  server.line.answer('presence_update')
  await Promise.all([first, last])
})

test('[C-53] a patch with which too much would wait is told so, and the others go out', async () => {
  const clock = new VirtualClock()
  const server = new ScriptedServer({ clock }, (ms) => clock.advance(ms))
  server.line.welcome()
  const channel = server.socket.channel(LOBBY)
  const outcomes: string[] = []
  const all = Array.from({ length: 4000 }, (_, i) =>
    channel.presence.patch({ [`name ${i}`]: 'x'.repeat(30) }).then(
      () => void outcomes.push('done'),
      ({ code }) => void outcomes.push(code),
    ),
  )
  await flushMicrotasks()
  const refusedCount = outcomes.length
  expect(new Set(outcomes)).toEqual(new Set(['queue_full']))
  channel.join().catch(() => {})
  server.line.answer('phx_join')
  const [[, , , , payload] = []] = server.line.of('presence_patch')
  expect(Object.keys((payload as { patch: object }).patch)).toHaveLength(4000 - refusedCount)
  server.line.answer('presence_patch')
  await Promise.all(all)
  expect(outcomes.filter((outcome) => outcome === 'done')).toHaveLength(4000 - refusedCount)
})
