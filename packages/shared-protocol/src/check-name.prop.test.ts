import fc from 'fast-check'
import { expect, test } from 'vitest'
import { checkName } from './check-name'
import { DEFAULT_LIMITS } from './limits'

/** Unicode's own classes, as the engine knows them. */
const REFUSED = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}\ufeff]/u

const odd = fc.constantFrom(...'\u0000\u0085\u061c\u200d\u200e\u2028\u202e\u2069\ud83d\ude00\ufeffa')
const units = fc.array(
  fc.oneof(
    odd,
    fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
  ),
)

test('[P-19] what is refused is what Unicode calls a control, a surrogate, a separator of lines, or of direction', () => {
  fc.assert(
    fc.property(units, (parts) => {
      const name = parts.join('')
      const problem = checkName('The topic', name, 'frameBytes', DEFAULT_LIMITS)
      expect(problem?.code).toBe(REFUSED.test(name) ? 'invalid_text' : undefined)
      const [, index] = /at index (\d+)/.exec(problem?.message ?? '') ?? []
      if (index !== undefined) expect(Number(index)).toBe(name.search(REFUSED))
    }),
    { numRuns: 2000 },
  )
})

test('[P-19] each of the 65,536 units alone', () => {
  for (let unit = 0; unit <= 0xffff; unit++) {
    const name = String.fromCharCode(unit)
    const isFine = checkName('The topic', name, 'frameBytes', DEFAULT_LIMITS) === null
    if (isFine === REFUSED.test(name)) expect.fail(`U+${unit.toString(16)}`)
  }
})
