import { expect, test } from 'vitest'
import { DECODER_TARGETS } from './decoder-targets'
import { READER_TARGET } from './reader-target'
import { fuzz, tell } from './target'

/*
 * Whatever comes is a message or a fault, and never an exception. The seed is fixed: a run that fails says how to see it
 * again, and `npm run soak -- --fuzz N` goes where no run has been.
 */

const SEED = 1
const EACH = 1000

test.each([...DECODER_TARGETS, READER_TARGET])(`[P-12] ${EACH} inputs of $name`, (target) => {
  const finding = fuzz(target, SEED, 0, EACH)
  expect(finding && tell(finding)).toBeNull()
})
