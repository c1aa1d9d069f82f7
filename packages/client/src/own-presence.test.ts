import { expect, test } from 'vitest'
import { passTurns } from './testing/pass-turns'
import { VirtualClock } from './testing/virtual-clock'
import { type Line, LOBBY, ScriptedServer } from './testing-support/scripted-server'

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
  await passTurns()
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
