import fc from 'fast-check'
import { expect, test } from 'vitest'
import { checkName } from './check-name'
import { DEFAULT_LIMITS } from './limits'

/** Unicode's own classes, as the engine knows them. */
const REFUSED = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}\ufeff]/u
const UNSEEN = /[\p{Default_Ignorable_Code_Point}\ufff9-\ufffb]/u
const SEEN = /[^\p{White_Space}\p{Default_Ignorable_Code_Point}\u2800]/u

const odd = fc.constantFrom(...'\u0000\u0085\u061c\u200e\u2028\u202e\u2069\ud83d\ude00\ufeffa ')
const units = fc.array(
  fc.oneof(
    odd,
    fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
  ),
)

/** The first character that is refused wherever it stands. */
const refusedAt = (name: string) => name.search(REFUSED)

test('[P-19] [P-22] what is refused is what Unicode calls a control, a surrogate, a separator of lines, or of direction', () => {
  fc.assert(
    fc.property(units, (parts) => {
      const name = parts.join('')
      const problem = checkName('The topic', name, 'frameBytes', DEFAULT_LIMITS)
      const first = refusedAt(name)
      if (first >= 0) expect(problem?.code).toBe('invalid_text')
      // Whether an unseen character may stand where it does is for the examples; without any it is as simple as this.
      else if (!UNSEEN.test(name)) expect(problem === null).toBe(name === '' || SEEN.test(name))
      const [, index] = /at index (\d+)/.exec(problem?.message ?? '') ?? []
      if (index !== undefined) expect(REFUSED.test(name.slice(Number(index))) || UNSEEN.test(name)).toBe(true)
      if (index !== undefined && !UNSEEN.test(name)) expect(Number(index)).toBe(first)
    }),
    { numRuns: 2000 },
  )
})

test('[P-19] [P-22] each of the 65,536 units alone', () => {
  for (let unit = 0; unit <= 0xffff; unit++) {
    const name = String.fromCharCode(unit)
    const isFine = checkName('The topic', name, 'frameBytes', DEFAULT_LIMITS) === null
    const isRefused = REFUSED.test(name) || UNSEEN.test(name) || !SEEN.test(name)
    if (isFine === isRefused) expect.fail(`U+${unit.toString(16)}`)
  }
})
