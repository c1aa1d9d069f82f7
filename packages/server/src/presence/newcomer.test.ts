import { describe, expect, test } from 'vitest'
import { hello } from '../testing-support/held-session'
import { topic } from '../testing-support/native-client'
import { type SharingNode, sharedNodes } from '../testing-support/shared-nodes'
import type { Peer } from '../testing-support/test-node'

/* A position in a join is believed of who was there at that position. */

/** A room that Bob has left, the positions before and after that, and a watcher. */
async function leftRoom() {
  const { clock, nodes } = sharedNodes(2)
  const [here, there] = nodes as [SharingNode, SharingNode]
  const watcher = await here.native('watcher')
  await watcher.join(topic)
  // With this the other node has the topic's history too.
  await (await there.native('other watcher')).join(topic)
  const bob = await here.native('bob')
  await bob.join(topic)
  await clock.advance(300)
  const at = async () => {
    const state = await watcher.ask([null, null, topic, 'presence_sync', {}])
    await clock.advance(300)
    const frames = [...state, ...(await watcher.heard())]
    const { epoch, seq } = frames.filter(([, , , event]) => event === 'presence_state').pop()![4]
    return { epoch, seq }
  }
  const withBob = await at()
  await bob.ask(['j', 'l', topic, 'phx_leave', {}])
  await clock.advance(300)
  const withoutBob = await at()
  /** The frame that follows the reply to a join with a position. */
  const join = async (peer: Peer, since: object | null, ref = 'x') => {
    await peer.heard()
    const frames = await peer.join(topic, { presence_since: since }, ref)
    await clock.advance(300)
    return [...frames, ...(await peer.heard())]
      .filter(([, , , event]) => event.startsWith('presence_'))
      .map(([, , , event, payload]) => [event, JSON.stringify(payload).includes('bob')])
  }
  return { clock, here, there, withBob, withoutBob, join }
}

describe('[S-63] a client does not learn who left before it joined', () => {
  test('a newcomer that sends an earlier position receives the state', async () => {
    const { here, withBob, join } = await leftRoom()
    expect(await join(await here.native('eve'), withBob)).toEqual([['presence_state', false]])
  })

  test('a client that joins again with a position before its first join receives the state', async () => {
    const { here, withBob, join } = await leftRoom()
    const eve = await here.native('eve')
    await join(eve, null, '1')
    expect(await join(eve, withBob, '2')).toEqual([['presence_state', false]])
    await eve.ask(['2', 'l', topic, 'phx_leave', {}])
    expect(await join(eve, withBob, '3')).toEqual([['presence_state', false]])
  })

  test.each(['here', 'there'] as const)(
    'nor is one who comes back %s from before they came',
    async (where) => {
      const room = await leftRoom()
      const eve = await room.here.native('eve')
      const { token } = await hello(eve, undefined, 'i')
      await room.join(eve, null, '1')
      eve.wire.end(1006)
      const again = await room[where].native('eve')
      expect(await hello(again, token, 'i')).toMatchObject({ resumed: true })
      expect(await room.join(again, room.withBob, '2')).toEqual([['presence_state', false]])
    },
  )

  test.each(['here', 'there'] as const)(
    '[S-7] who was there and comes back %s is told what they missed',
    async (where) => {
      const room = await leftRoom()
      const eve = await room.here.native('eve')
      const { token } = await hello(eve, undefined, 'i')
      const cy = await room.here.native('cy')
      await cy.join(topic)
      const joined = await eve.join(topic, {}, '1')
      await room.clock.advance(300)
      const { epoch, seq } = [...joined, ...(await eve.heard())].find(
        ([, , , event]) => event === 'presence_state',
      )[4]
      eve.wire.end(1006)
      await cy.ask(['j', 'l', topic, 'phx_leave', {}])
      await room.clock.advance(300)
      const again = await room[where].native('eve')
      await hello(again, token, 'i')
      const frames = await again.join(topic, { presence_since: { epoch, seq } }, '2')
      await room.clock.advance(300)
      const presence = [...frames, ...(await again.heard())].filter(([, , , event]) =>
        event.startsWith('presence_'),
      )
      expect(
        presence.map(([, , , event, { leaves }]) => [event, leaves?.map(({ key }: { key: string }) => key)]),
      ).toEqual([['presence_diff', ['cy']]])
    },
  )
})
