import { expect, test } from 'vitest'
import { deviceStatus, isStatus, mergeStatuses } from './status'

test.each([
  [['online'], 'online'],
  [['away', 'online'], 'online'],
  [['away', 'away'], 'away'],
  [['away', 'busy', 'online'], 'busy'],
  [[], 'online'],
] as const)('%j together are %s', (statuses, merged) => {
  expect(mergeStatuses(statuses)).toBe(merged)
})

test('an idle device of somebody online is away; a chosen status stays', () => {
  expect(deviceStatus('online', true)).toBe('away')
  expect(deviceStatus('online', false)).toBe('online')
  expect(deviceStatus('busy', true)).toBe('busy')
  expect(deviceStatus('away', false)).toBe('away')
})

test('what others send is a status only if it is one', () => {
  expect(isStatus('busy')).toBe(true)
  for (const value of ['BUSY', 'constructor', '', null, 1, {}]) expect(isStatus(value)).toBe(false)
})
