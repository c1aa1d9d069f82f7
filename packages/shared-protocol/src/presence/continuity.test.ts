import { describe, expect, test } from 'vitest'
import { type Continuity, continuityOf } from './presence'

const at = { epoch: 'e1', seq: 5 }

describe('[P-1] a diff is applied where it follows, and nowhere else', () => {
  test.each<[string, typeof at | null, { epoch: string; base: number; seq: number }, Continuity]>([
    ['nothing held yet', null, { epoch: 'e1', base: 0, seq: 1 }, 'ignore'],
    ['follows', at, { epoch: 'e1', base: 5, seq: 6 }, 'apply'],
    ['follows, several steps at once', at, { epoch: 'e1', base: 5, seq: 9 }, 'apply'],
    ['the one held last, again', at, { epoch: 'e1', base: 4, seq: 5 }, 'ignore'],
    ['an old one', at, { epoch: 'e1', base: 1, seq: 2 }, 'ignore'],
    ['an empty one of now', at, { epoch: 'e1', base: 5, seq: 5 }, 'ignore'],
    ['overlaps', at, { epoch: 'e1', base: 4, seq: 6 }, 'resync'],
    ['a gap of one', at, { epoch: 'e1', base: 6, seq: 7 }, 'resync'],
    ['a wide gap', at, { epoch: 'e1', base: 50, seq: 51 }, 'resync'],
    ['another epoch that would follow by its numbers', at, { epoch: 'e2', base: 5, seq: 6 }, 'resync'],
    ['another epoch with lower numbers', at, { epoch: 'e2', base: 0, seq: 1 }, 'resync'],
    ['the first after an empty state', { epoch: 'e1', seq: 0 }, { epoch: 'e1', base: 0, seq: 1 }, 'apply'],
  ])('%s', (_what, position, diff, verdict) => {
    expect(continuityOf(position, diff)).toBe(verdict)
  })
})
