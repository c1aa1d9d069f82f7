import type { JoinMessage } from '@rollcall/shared-protocol'
import { expect, test } from 'vitest'
import { ListeningMember, testRegistry } from '../testing-support/test-registry'
import { TopicSubscription } from './topic-subscription'

const topic = 'room:lobby'
const joinOf = (ref: string): JoinMessage => ({ kind: 'join', topic, ref, joinRef: ref, payload: {} })

function open() {
  const { clock, registry } = testRegistry()
  const member = new ListeningMember()
  const attachment = new TopicSubscription(member, true, topic, registry)
  const log: string[] = []
  const enter = (message: JoinMessage) => {
    const wait = attachment.start(message, () => log.push(`admitted by ${message.ref}`))
    void wait.then(() => log.push(`waited for ${message.ref}`))
  }
  /** The frames that the subscriber has received after the topic's flush. */
  const told = async () => {
    await clock.advance(300)
    return member.heard().map(([event]) => event)
  }
  return { registry, attachment, log, enter, told }
}

test('a subscription starts with the next flush and then receives the state', async () => {
  const { attachment, log, enter, told } = open()
  enter(joinOf('1'))
  expect([attachment.isLive, log]).toEqual([false, []])
  expect(await told()).toEqual(['presence_state'])
  expect([attachment.isLive, log]).toEqual([true, ['admitted by 1', 'waited for 1']])
})

test('a paused subscription receives nothing, and starts again after a resume', async () => {
  const { registry, attachment, enter, told } = open()
  enter(joinOf('1'))
  await told()
  attachment.pause()
  registry.track('bob', topic, 'bob', {})
  expect([await told(), attachment.isPaused, attachment.isLive]).toEqual([[], true, false])
  const join = joinOf('2')
  attachment.resume(join)
  enter(join)
  expect([attachment.isPaused, attachment.resumeJoin]).toEqual([false, join])
  expect(await told()).toEqual(['presence_state'])
})

test.each(['pause', 'end'] as const)('%s while it waits ends the wait without a start', async (what) => {
  const { attachment, log, enter, told } = open()
  enter(joinOf('1'))
  attachment[what]()
  expect([await told(), log, attachment.isLive]).toEqual([[], ['waited for 1'], false])
})

test('a join from before the latest resume starts nothing', async () => {
  const { attachment, log, enter, told } = open()
  attachment.pause()
  attachment.resume(joinOf('2'))
  enter(joinOf('1'))
  expect([await told(), log]).toEqual([[], ['waited for 1']])
})

test('an ended subscription does not start, pause or end again', async () => {
  const { registry, attachment, log, enter, told } = open()
  enter(joinOf('1'))
  await told()
  expect([attachment.end(), attachment.end(), attachment.isEnded]).toEqual([true, false, true])
  attachment.pause()
  expect(attachment.isPaused).toBe(false)
  enter(joinOf('2'))
  expect(await told()).toEqual([])
  expect(log.at(-1)).toBe('waited for 2')
  expect(registry.topicCount).toBe(0)
})

test('a start without a state receives the topic’s messages', async () => {
  const { registry, attachment, told } = open()
  attachment.startWithoutState()
  expect([attachment.isLive, await told()]).toEqual([true, []])
  registry.track('bob', topic, 'bob', {})
  expect(await told()).toEqual(['presence_diff'])
})
