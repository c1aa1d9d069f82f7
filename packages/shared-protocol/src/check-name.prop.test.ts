import fc from 'fast-check'
import { expect, test } from 'vitest'
import { checkName } from './check-name'
import { DEFAULT_LIMITS } from './limits'

/** Unicode's own classes, as the engine knows them. */
const REFUSED = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}\ufeff]|(?! )\p{Zs}/u
/** A space at an edge or after another one, and a blank cell of Braille that is not between two that show. */
const MISPLACED = [/^ /u, / $/u, /(?<= ) /u, /(?<![\u2801-\u28ff])\u2800/u, /\u2800(?![\u2801-\u28ff])/u]
const UNSEEN = /[\p{Default_Ignorable_Code_Point}\ufff9-\ufffb]/u

const odd = fc.constantFrom(
  ...'\u0000\u0085\u061c\u200e\u2028\u202e\u2069\ud83d\ude00\ufeff\u00a0\u2800\u2801a  ',
)
const units = fc.array(
  fc.oneof(
    odd,
    fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
  ),
)

/** The first character that is refused where it stands; -1 where there is none. */
function refusedAt(name: string): number {
  const found = [REFUSED, ...MISPLACED].map((each) => name.search(each)).filter((at) => at >= 0)
  return found.length === 0 ? -1 : Math.min(...found)
}

test('[P-19] [P-22] [P-24] what is refused is what Unicode calls a control, a surrogate, a separator, or of direction', () => {
  fc.assert(
    fc.property(units, (parts) => {
      const name = parts.join('')
      const problem = checkName('The topic', name, 'frameBytes', DEFAULT_LIMITS)
      const first = refusedAt(name)
      if (first >= 0) expect(problem?.code).toBe('invalid_text')
      // Whether an unseen character may stand where it does is for the examples; without any it is as simple as this.
      if (UNSEEN.test(name)) return
      expect(problem === null).toBe(first < 0)
      const [, index] = /at index (\d+)/.exec(problem?.message ?? '') ?? []
      if (index !== undefined) expect(Number(index)).toBe(first)
    }),
    { numRuns: 2000 },
  )
})

test('[P-19] [P-22] [P-24] each of the 65,536 units alone', () => {
  for (let unit = 0; unit <= 0xffff; unit++) {
    const name = String.fromCharCode(unit)
    const isFine = checkName('The topic', name, 'frameBytes', DEFAULT_LIMITS) === null
    const isRefused = refusedAt(name) >= 0 || UNSEEN.test(name)
    if (isFine === isRefused) expect.fail(`U+${unit.toString(16)}`)
  }
})
