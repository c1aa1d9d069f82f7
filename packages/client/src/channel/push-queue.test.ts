import { type ClientMessage, rollcallDialect } from '@rollcall/shared-protocol'
import { describe, expect, test } from 'vitest'
import { RollcallError } from '../errors'
import { resolveSocketOptions } from '../options'
import { VirtualClock } from '../testing/virtual-clock'
import { Channels } from './channels'
import { type Push, PushQueue } from './push-queue'

function rig(maxQueuedPushes = 3) {
  const clock = new VirtualClock()
  const sent: ClientMessage[] = []
  let lastRef = 0
  const channels = new Channels()
  const connection: ConstructorParameters<typeof PushQueue>[0] = {
    options: resolveSocketOptions({ clock, maxQueuedPushes }),
    dialect: rollcallDialect,
    nextRef: () => String(++lastRef),
    send: (message) => {
      if (message.kind === 'push' && message.event === 'unsendable') throw new TypeError('a cycle')
      sent.push(message)
    },
  }
  return { clock, sent, connection, channels, pushes: new PushQueue(connection, channels) }
}
const push = (event: string, timeoutMs = 10_000): Push => ({
  what: `The push "${event}" to "t"`,
  timeoutMs,
  write: (ref, joinRef) => ({ kind: 'push', topic: 't', ref, joinRef, event, payload: {} }),
})
const failing = (code: string) => expect.objectContaining({ code })
const eventsOf = (sent: ClientMessage[]) =>
  sent.map((message) => (message.kind === 'push' ? message.event : message.kind))

describe('push queue', () => {
  test('sends at once in a join, and resolves with the answer to its own ref', async () => {
    const { pushes, sent } = rig()
    const first = pushes.send(push('a'), 'j')
    const second = pushes.send(push('b'), 'j')
    expect(sent).toMatchObject([
      { event: 'a', ref: '1', joinRef: 'j' },
      { event: 'b', ref: '2', joinRef: 'j' },
    ])
    pushes.onReply('2', null, 'two')
    pushes.onReply('1', null, 'one')
    expect(await Promise.all([first, second])).toEqual(['one', 'two'])
  })

  test('[C-8] queues without a join, and sends in the order of the pushes, each once', async () => {
    const { pushes, sent, channels } = rig()
    const all = ['a', 'b', 'c'].map((event) => pushes.send(push(event), null))
    expect(sent).toEqual([])
    pushes.flush('j')
    pushes.flush('j')
    expect(eventsOf(sent)).toEqual(['a', 'b', 'c'])
    expect(channels.queuedPushes).toBe(0)
    for (const ref of ['1', '2', '3']) pushes.onReply(ref, null, ref)
    expect(await Promise.all(all)).toEqual(['1', '2', '3'])
  })

  test('[C-8] refuses over the bound, which all channels share, at once', async () => {
    const { pushes, connection, channels, clock } = rig(2)
    const other = new PushQueue(connection, channels)
    pushes.send(push('a'), null).catch(() => {})
    other.send(push('b'), null).catch(() => {})
    await expect(pushes.send(push('c'), null)).rejects.toThrow(failing('queue_full'))
    await expect(other.send(push('d'), null)).rejects.toThrow(failing('queue_full'))
    // A push that timed out makes room for another.
    await clock.advance(10_000)
    expect(channels.queuedPushes).toBe(0)
    const fits = pushes.send(push('e'), null)
    pushes.flush('j')
    pushes.onReply('1', null, 'ok')
    expect(await fits).toBe('ok')
  })

  test('[C-14] rejects when the time is up, and ignores the answer that comes after', async () => {
    const { pushes, clock } = rig()
    const late = pushes.send(push('a', 500), 'j')
    const caught = expect(late).rejects.toThrow(failing('timeout'))
    await clock.advance(500)
    await caught
    expect(() => pushes.onReply('1', null, 'too late')).not.toThrow()
    // Nothing is kept of it: a server that never answers must not fill the memory.
    expect([clock.pending, pushes.size]).toEqual([0, 0])
  })

  test('[C-14] what timed out in the queue is not sent later', async () => {
    const { pushes, clock, sent } = rig()
    const caught = expect(pushes.send(push('a', 500), null)).rejects.toThrow('It was never sent')
    await clock.advance(500)
    await caught
    pushes.flush('j')
    expect(sent).toEqual([])
  })

  test('an error reply rejects with the reason and all that was said', async () => {
    const { pushes } = rig()
    const refused = pushes.send(push('a'), 'j')
    pushes.onReply('1', { reason: 'limit_exceeded', message: 'Too long.', max: 3 }, null)
    await expect(refused).rejects.toThrow(
      expect.objectContaining({
        code: 'push_failed',
        reason: 'limit_exceeded',
        response: { reason: 'limit_exceeded', message: 'Too long.', max: 3 },
        message: 'The push "a" to "t" failed: limit_exceeded (Too long.)',
      }),
    )
  })

  test('[C-8] a lost connection fails what was sent and keeps what was not', async () => {
    const { pushes, sent } = rig()
    const gone = pushes.send(push('a'), 'j')
    const kept = pushes.send(push('b'), null)
    pushes.failSent()
    await expect(gone).rejects.toThrow(failing('disconnected'))
    pushes.flush('k')
    expect(eventsOf(sent)).toEqual(['a', 'b'])
    pushes.onReply('2', null, 'ok')
    expect(await kept).toBe('ok')
  })

  test('the end of the channel fails everything', async () => {
    const { pushes, channels, clock } = rig()
    const all = [pushes.send(push('a'), 'j'), pushes.send(push('b'), null)]
    const error = new RollcallError('left', 'gone')
    pushes.failAll(error)
    for (const one of all) await expect(one).rejects.toBe(error)
    expect(channels.queuedPushes).toBe(0)
    expect(clock.pending).toBe(0)
  })

  test('what is not JSON fails alone', async () => {
    const { pushes, sent } = rig()
    const bad = pushes.send(push('unsendable'), null)
    pushes.send(push('a'), null).catch(() => {})
    pushes.flush('j')
    await expect(bad).rejects.toThrow(failing('invalid_argument'))
    expect(eventsOf(sent)).toEqual(['a'])
  })
})
