import { describe, expect, test } from 'vitest'
import { ListeningMember, testRegistry, WITH_STATE } from '../testing-support/test-registry'

const topic = 'room:lobby'

/** Many subscribers that wait for one flush; the start of each takes five milliseconds. */
async function crowd(count: number) {
  const all = testRegistry()
  const hub = all.registry.hub(topic)
  all.registry.track('ada', topic, 'ada', {})
  await all.clock.advance(500)
  const members = Array.from({ length: count }, () => new ListeningMember())
  for (const member of members) {
    member.onDeliver = () => all.clock.elapse(5)
    hub.attach(member, WITH_STATE)
  }
  return { ...all, hub, members }
}

describe('many subscribers that start at once', () => {
  test('start in slices, with a turn of the event loop in between', async () => {
    const { clock, members } = await crowd(10)
    let letInBefore = -1
    const look = () => {
      const letIn = members.filter(({ frames }) => frames.length > 0).length
      if (letIn > 0 && letIn < members.length) letInBefore = letIn
      else if (letIn === 0) clock.soon(look)
    }
    clock.soon(look)
    await clock.advance(500)
    expect(letInBefore).toBe(2)
    for (const member of members) expect(member.heard().map(([event]) => event)).toEqual(['presence_state'])
  })

  test('[S-1] all receive the state from before, and then the changes since', async () => {
    const { clock, registry, members } = await crowd(10)
    const [first] = members
    if (first) {
      first.onDeliver = () => {
        clock.elapse(50)
        registry.track('bob', topic, 'bob', {})
        first.onDeliver = () => {}
      }
    }
    await clock.advance(500)
    for (const member of members) {
      const heard = member.heard()
      expect(heard.map(([event]) => event)).toEqual(['presence_state', 'presence_diff'])
      const [[, state], [, diff]] = heard as [(typeof heard)[0], (typeof heard)[0]]
      expect(state.presences.map(({ key }: { key: string }) => key)).toEqual(['ada'])
      expect([diff.base, diff.joins[0].key]).toEqual([state.seq, 'bob'])
    }
  })

  test('receive nothing if they have left meanwhile', async () => {
    const { clock, hub, members } = await crowd(10)
    const [first, last] = [members[0], members.at(-1)]
    if (first && last) {
      first.onDeliver = () => {
        clock.elapse(50)
        hub.detach(last)
      }
    }
    await clock.advance(500)
    expect(last?.heard()).toEqual([])
    expect(members[8]?.heard()).toHaveLength(1)
  })

  test('[S-11] receive only the new state if the topic’s history restarts meanwhile', async () => {
    const { clock, hub, members } = await crowd(10)
    const [first, last] = [members[0], members.at(-1)]
    if (first) {
      first.onDeliver = () => {
        clock.elapse(50)
        first.onDeliver = () => {}
        hub.onSnapshot({ epoch: 'anew', seq: 7, digest: 0, presences: [] })
      }
    }
    await clock.advance(500)
    const states = last?.heard() ?? []
    expect(states.map(([event, { epoch }]) => [event, epoch])).toEqual([['presence_state', 'anew']])
    expect(first?.heard().map(([, { epoch }]) => epoch)).toEqual([expect.any(String), 'anew'])
  })
})
