import { describe, expect, test } from 'vitest'
import type { Change } from '../../store'
import { netChanges } from './commit'

const put = (ref: string, rev = 0): Change => ({ op: 'put', ref, key: 'k', meta: {}, rev, owner: ref })
const drop = (ref: string): Change => ({ op: 'drop', ref, reason: 'left' })
const brief = (changes: readonly Change[]) =>
  netChanges(changes).map((change) =>
    change.op === 'drop' ? `drop ${change.ref}` : `put ${change.record.ref} ${change.record.rev}`,
  )

describe('the changes that a commit sends', () => {
  test.each([
    ['nothing', [], []],
    ['the highest rev', [put('a', 2), put('a', 1)], ['put "a" 2']],
    ['of what is put and dropped, the drop', [put('a'), drop('a')], ['drop "a"']],
    [
      'a drop before the put that follows it',
      [put('b'), drop('a'), put('a')],
      ['drop "a"', 'put "b" 0', 'put "a" 0'],
    ],
  ] as const)('%s', (_what, changes, net) => {
    expect(brief(changes)).toEqual(net)
  })
})
