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
  test('is made good before it is live', () => {
    expect(play('up', 'restored')).toEqual(['returning restore', 'live reachable true release'])
  })

  test('lets nobody wait for a Redis that is not there', () => {
    expect(play('down', 'up', 'down')).toEqual([
      'away doubt reachable false release',
      'returning restore',
      'away doubt reachable false release',
    ])
  })

  test('tries again what could not be made good, while the connection stands', () => {
    expect(play('up', 'failed', 'retry', 'restored').slice(1, 3)).toEqual([
      'returning reachable false retryLater',
      'returning restore',
    ])
    expect(play('up', 'failed', 'down', 'retry').at(-1)).toBe('away')
  })

  test('whose lease is gone makes good as after a reconnect, and Redis was there all along', () => {
    expect(play('up', 'restored', 'gone', 'gone', 'restored').slice(2)).toEqual([
      'returning doubt restore',
      'returning',
      'live reachable true release',
    ])
  })

  test('that is closed stays closed', () => {
    expect(
      play('up', 'close', 'up', 'down', 'restored', 'failed', 'retry', 'gone', 'close').slice(1),
    ).toEqual(['closed release', ...Array.from({ length: 7 }, () => 'closed')])
  })
})
