import { expect, test } from 'vitest'
import { topic } from '../testing-support/native-client'
import { TestNode } from '../testing-support/test-node'
import { defineChannel } from './channel-definition'
import { refuse } from './reply'

/* What applications that were written for zzz's own server rely on, in its dialect. */

async function chat() {
  const calls: string[] = []
  const channel = defineChannel({
    topicPattern: 'room:*',
    join(ctx, payload) {
      calls.push('join')
      if (payload.deny === true) return refuse('join rejected')
      ctx.track(ctx.identity.id, { n: Number(payload.n ?? 0) })
      ctx.broadcastFrom('user_joined', { user: ctx.identity.id })
      return {}
    },
    leave(ctx) {
      calls.push('leave')
      ctx.broadcastFrom('user_left', { user: ctx.identity.id })
    },
    handlers: { get_presence: (ctx) => ctx.pushState() },
  })
  const node = new TestNode({ channels: [channel] })
  const open = async (name: string) => {
    const peer = await node.zzz(name)
    const ask = async (event: string, payload: object = {}, ref = '1', to = topic) => {
      const frames = await peer.ask({ topic: to, event, payload, ref })
      await node.clock.advance(300)
      return [...frames, ...(await peer.heard())].map(({ event: name, payload: body, ref: its }) => [
        name,
        its,
        body,
      ])
    }
    return { peer, ask }
  }
  const watcher = await open('watcher')
  await watcher.ask('phx_join')
  const seen = async () => {
    await node.clock.advance(300)
    return (await watcher.peer.heard()).map(({ event, payload }) => [event, payload])
  }
  const ada = await open('ada')
  return { node, calls, seen, ada }
}

const ok = (ref: string) => ['phx_reply', ref, { status: 'ok', response: {} }]

test('[S-64] a second join runs join again and no leave, and nobody sees an end', async () => {
  const { calls, seen, ada } = await chat()
  await ada.ask('phx_join', { n: 1 })
  await seen()
  calls.length = 0
  const frames = await ada.ask('phx_join', { n: 2 }, '2')
  expect(frames[0]).toEqual(ok('2'))
  expect(frames.map(([event]) => event)).toEqual(['phx_reply', 'presence_state'])
  expect(calls).toEqual(['join'])
  expect(await seen()).toEqual([
    ['user_joined', { user: 'ada' }],
    ['presence_diff', { joins: [{ key: 'ada', meta: { n: 2 } }], leaves: [] }],
  ])
  expect(await ada.ask('get_presence', {}, '3')).toContainEqual(ok('3'))
  // After the leave, others receive one leave.
  calls.length = 0
  await ada.ask('phx_leave', {}, '4')
  expect(calls).toEqual(['leave'])
  expect((await seen()).map(([event]) => event)).toEqual(['user_left', 'presence_diff'])
})

test('[S-64] a second join that is refused ends the membership, with one `leave`', async () => {
  const { calls, seen, ada } = await chat()
  await ada.ask('phx_join', { n: 1 })
  await seen()
  calls.length = 0
  const [reply] = await ada.ask('phx_join', { deny: true }, '2')
  expect(reply).toEqual([
    'phx_reply',
    '2',
    { status: 'error', response: expect.objectContaining({ reason: 'join rejected' }) },
  ])
  expect(calls).toEqual(['join', 'leave'])
  expect((await seen()).map(([event]) => event)).toEqual(['user_left', 'presence_diff'])
})

test('[P-23] a message before a join or without a handler gets no reply, and a heartbeat on any topic does', async () => {
  const { ada } = await chat()
  expect(await ada.ask('get_presence')).toEqual([])
  expect(await ada.ask('heartbeat', {}, '2', 'room:other')).toEqual([ok('2')])
  await ada.ask('phx_join', {}, '3')
  expect(await ada.ask('dance', {}, '4')).toEqual([])
  expect(await ada.ask('phx_join', {}, '5', 'nowhere')).toEqual([
    ['phx_reply', '5', { status: 'error', response: expect.objectContaining({ reason: 'no such channel' }) }],
  ])
})
