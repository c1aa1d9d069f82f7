import { describe, expect, test } from 'vitest'
import { defineChannel } from '../channel/channel-definition'
import { GRACE_MS, hello, opened } from '../testing-support/held-session'
import { TestNode } from '../testing-support/test-node'

/* Who may go on with a session, in virtual time. */

const topic = 'room:lobby'
/** Of the join of a client that goes on with what it has. One without it begins anew: its page was loaded again. */
const BACK = { presence_since: null }

describe('[S-6] a token', () => {
  test.each([
    ['with another secret', (token: string) => `${token}x`],
    ['without its secret', (token: string) => token.split('.')[0] as string],
    ['with an empty secret', (token: string) => `${token.split('.')[0]}.`],
    ['that is empty', () => ''],
    ['that is a dot', () => '.'],
    ['with the name of a prototype', () => '__proto__.constructor'],
    ['as long as one may be', () => 'x'.repeat(8192)],
  ])('%s starts a new session and disturbs no other', async (_what, forge) => {
    const { node, ada, token, session } = await opened()
    const stranger = await node.native('ada')
    const answer = await hello(stranger, forge(token))
    expect(answer.resumed).toBe(false)
    expect(answer.session).not.toBe(session)
    expect(ada.wire.isOpen).toBe(true)
  })

  test.each([
    ['token', 'x'.repeat(8193), 'tokenBytes'],
    ['instance', 'x'.repeat(65), 'refBytes'],
  ])(
    'of a hello whose %s is longer than any is refused by its limit, and disturbs none',
    async (name, value, limit) => {
      const { node, ada } = await opened()
      const stranger = await node.native('ada')
      const frames = await stranger.ask([null, 'h', 'rollcall', 'hello', { [name]: value }])
      expect(frames).toMatchObject([
        [
          null,
          'h',
          'rollcall',
          'phx_reply',
          { status: 'error', response: { reason: 'limit_exceeded', limit } },
        ],
      ])
      expect(await hello(stranger)).toMatchObject({ resumed: false })
      expect(ada.wire.isOpen).toBe(true)
    },
  )

  test('of another identity does not work, even with the right secret', async () => {
    const { node, ada, token } = await opened()
    ada.wire.end(1006)
    expect(await hello(await node.native('mallory'), token)).toMatchObject({ resumed: false })
    expect(await hello(await node.native('ada'), token)).toMatchObject({ resumed: true })
  })

  test('of a guest is sufficient', async () => {
    const node = new TestNode({ mode: 'production', allowAnonymous: true })
    const guest = await node.connect()
    const first = await hello(guest)
    await guest.join(topic)
    await node.clock.advance(300)
    const [before] = await node.registry.list(topic)
    guest.wire.end(1006)
    const again = await node.connect()
    expect(await hello(again, first.token)).toMatchObject({ resumed: true, session: first.session })
    await again.join(topic, BACK)
    await node.clock.advance(3 * GRACE_MS)
    expect(await node.registry.list(topic)).toEqual([before])
  })

  test('of an identity does not work for a guest, nor the other way round', async () => {
    const { node, ada, token } = await opened()
    ada.wire.end(1006)
    const guest = await node.connect()
    const own = await hello(guest, token)
    expect(own.resumed).toBe(false)
    expect(await hello(await node.native('mallory'), own.token)).toMatchObject({ resumed: false })
  })

  test('counts only in the first message', async () => {
    const { node, token, session } = await opened()
    const second = await node.native('ada')
    await second.join('room:2')
    expect(await hello(second, token)).toMatchObject({ resumed: false })
    expect((await hello(await node.native('ada'), token)).session).toBe(session)
  })

  test('is in no log', async () => {
    const { node, ada, token } = await opened()
    ada.wire.end(1006)
    await hello(await node.native('mallory'), token)
    await hello(await node.native('ada'), token)
    await node.clock.advance(3 * GRACE_MS)
    const secret = token.split('.')[1] as string
    expect(JSON.stringify(node.log.lines)).not.toContain(secret)
  })
})

describe('[S-5] two programs with one token: a tab and its copy', () => {
  /** A tab that is open, and another connection that brought its token under another name. */
  async function copied() {
    const node = new TestNode()
    const tab = await node.native('ada')
    const { token } = await hello(tab, undefined, 'tab')
    await tab.join(topic, { meta: { n: 1 } })
    await node.clock.advance(300)
    const copy = await node.native('ada')
    const answer = await hello(copy, token, 'copy')
    return { node, tab, token, copy, answer }
  }

  test('the copy takes the session over and gets another token', async () => {
    const { tab, token, answer } = await copied()
    expect(answer.resumed).toBe(true)
    expect(answer.token).not.toBe(token)
    expect(tab.wire.closedWith?.code).toBe(4003)
  })

  test('the tab cannot take it back with the old token, so they do not fight', async () => {
    const { node, token, copy, answer } = await copied()
    const again = await node.native('ada')
    const own = await hello(again, token, 'tab')
    expect(own.resumed).toBe(false)
    expect(own.session).not.toBe(answer.session)
    await node.clock.settle()
    expect(copy.wire.isOpen).toBe(true)
  })

  test('the copy resumes with the old token if it never got the new one', async () => {
    const { node, token, copy, answer } = await copied()
    copy.wire.end(1006)
    const again = await node.native('ada')
    expect(await hello(again, token, 'copy')).toMatchObject({ resumed: true, session: answer.session })
  })

  test('a program that did not hold it last joins from the beginning, even with a position', async () => {
    let joins = 0
    const channel = defineChannel({
      topicPattern: '*',
      join: (ctx) => {
        joins++
        ctx.track(ctx.identity.id, {})
      },
    })
    const node = new TestNode({ channels: [channel] })
    const tab = await node.native('ada')
    const { token } = await hello(tab, undefined, 'tab')
    await tab.join(topic)
    const reconnected = await node.native('ada')
    await hello(reconnected, token, 'tab')
    await reconnected.join(topic, BACK, '2')
    await node.clock.advance(300)
    expect(joins).toBe(1)
    const copy = await node.native('ada')
    await hello(copy, token, 'copy')
    await copy.join(topic, BACK, '3')
    await node.clock.advance(300)
    expect(joins).toBe(2)
    expect(await node.registry.list(topic)).toHaveLength(1)
  })
})

describe('[S-6] a session without a token', () => {
  test('has no grace, as nobody could resume it', async () => {
    const node = new TestNode()
    const zzz = await node.zzz('ada')
    await zzz.ask({ topic, event: 'phx_join', payload: {}, ref: '1' })
    zzz.wire.end(1006)
    await node.clock.advance(300)
    expect(await node.registry.list(topic)).toEqual([])
    expect(node.node.sessionCount).toBe(0)
  })
})
