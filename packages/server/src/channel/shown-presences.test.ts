import type { Presence } from '@rollcall/shared-protocol'
import { expect, test } from 'vitest'
import { LastShownPresences } from './channel-session'

const presence = (n: number, text = ''): Presence => ({ ref: `r${n}`, key: 'ada', meta: { n, text }, rev: 0 })

test('[S-95] the store remembers several hundred topics and drops none for a newer one', () => {
  const shown = new LastShownPresences()
  for (let n = 0; n < 300; n++) shown.set(`room:${n}`, presence(n))
  expect([shown.isComplete, shown.get('room:0'), shown.get('room:299')]).toEqual([
    true,
    presence(0),
    presence(299),
  ])
  for (let n = 300; n < 5000; n++) shown.set(`room:${n}`, presence(n))
  expect([shown.isComplete, shown.get('room:0'), shown.get('room:2999')]).toEqual([
    false,
    presence(0),
    undefined,
  ])
  expect(shown.bytes).toBeLessThanOrEqual(262_144)
})

test('[S-95] a store that was full once stays incomplete, even after deletions', () => {
  const shown = new LastShownPresences()
  const large = 'x'.repeat(200_000)
  shown.set('a', presence(1, large))
  shown.set('a', presence(2, large))
  expect([shown.isComplete, shown.get('a')]).toEqual([true, presence(2, large)])
  shown.set('b', presence(3, large))
  expect([shown.isComplete, shown.get('b')]).toEqual([false, undefined])
  shown.delete('a')
  shown.delete('nowhere')
  expect([shown.isComplete, shown.bytes, shown.get('a')]).toEqual([false, 0, undefined])
})
