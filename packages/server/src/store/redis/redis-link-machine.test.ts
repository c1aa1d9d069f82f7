import { describe, expect, test } from 'vitest'
import { CONNECTING, type RedisLinkEvent, type RedisLinkState, stepRedisLink } from './redis-link-machine'

/** The name of the state after each event, with its effects. */
function play(...kinds: RedisLinkEvent['kind'][]): string[] {
  let link: RedisLinkState = CONNECTING
  return kinds.map((kind) => {
    const { state, effects } = stepRedisLink(link, { kind })
    link = state
    return [
      state.name,
      ...effects.map((e) => (e.kind === 'reachable' ? `reachable ${e.isReachable}` : e.kind)),
    ].join(' ')
  })
}

describe('the link to Redis', () => {
  test('is restored before it is live', () => {
    expect(play('up', 'restored')).toEqual(['restoring restore', 'live reachable true resumeWaiting'])
  })

  test('lets no call wait while Redis is down', () => {
    expect(play('down', 'up', 'down')).toEqual([
      'down markStale reachable false resumeWaiting',
      'restoring restore',
      'down markStale reachable false resumeWaiting',
    ])
  })

  test('tries again when restoring fails while the connection stands', () => {
    expect(play('up', 'failed', 'retry', 'restored').slice(1, 3)).toEqual([
      'restoring reachable false retryLater',
      'restoring restore',
    ])
    expect(play('up', 'failed', 'down', 'retry').at(-1)).toBe('down')
  })

  test('restores everything when its lease is gone, and Redis stays reachable meanwhile', () => {
    expect(play('up', 'restored', 'gone', 'gone', 'restored').slice(2)).toEqual([
      'restoring markStale restore',
      'restoring',
      'live reachable true resumeWaiting',
    ])
  })

  test('stays closed once it is closed', () => {
    expect(
      play('up', 'close', 'up', 'down', 'restored', 'failed', 'retry', 'gone', 'close').slice(1),
    ).toEqual(['closed resumeWaiting', ...Array.from({ length: 7 }, () => 'closed')])
  })
})
