import { expect, test } from 'vitest'
import { hashSecret, isSecret } from './random'

test('[S-6] a secret is known again by its hash, which does not hold it', () => {
  const hash = hashSecret('open sesame')
  expect(isSecret('open sesame', hash)).toBe(true)
  expect(Buffer.from(hash, 'base64').toString('latin1')).not.toContain('sesame')
})

test.each(['', 'open', 'open sesame ', 'OPEN SESAME', 'x'.repeat(100_000), '\ud800'])(
  '[S-6] %j is another, whatever its length',
  (guess) => {
    expect(isSecret(guess, hashSecret('open sesame'))).toBe(false)
  },
)
