import { describe, expect, test } from 'vitest'
import {
  checkBytes,
  ERROR_CODES,
  type ErrorCode,
  fault,
  faultBody,
  isErrorCode,
  isRetryable,
  limitFault,
  limitOption,
} from './fault'
import { DEFAULT_LIMITS, type Limits, ZZZ_LIMITS } from './limits'

const limits = DEFAULT_LIMITS

describe('limits', () => {
  test("zzz's are its published ones, and the byte limits are our defaults", () => {
    expect(ZZZ_LIMITS).toEqual({ topicBytes: 128, keyBytes: 64, metaBytes: 256, capacity: 512 })
    expect(DEFAULT_LIMITS).toEqual({
      topicBytes: 128,
      keyBytes: 64,
      metaBytes: 256,
      capacity: 100_000,
      presencesPerIdentity: 5000,
      eventBytes: 128,
      frameBytes: 65_536,
      jsonDepth: 32,
      jsonKeys: 4096,
      refBytes: 64,
      tokenBytes: 8192,
      channelsPerSession: 256,
    })
  })
})

describe('[P-9] checkBytes', () => {
  test.each([
    ['ASCII as long as the limit', 'k'.repeat(64)],
    ['two-byte characters that fill it', 'é'.repeat(32)],
    ['emoji that fill it', '😀'.repeat(16)],
    ['nothing', ''],
  ])('lets pass %s', (_what, text) => {
    expect(checkBytes('The key', text, 'keyBytes', limits)).toBeNull()
  })

  test.each([
    ['one ASCII character more', 'k'.repeat(65), 65],
    ['one two-byte character more, though it has few characters', 'é'.repeat(33), 66],
    ['emoji whose count is far below the limit', '😀'.repeat(17), 68],
  ])('refuses %s', (_what, text, actual) => {
    expect(checkBytes('The key', text, 'keyBytes', limits)?.limit).toEqual({
      name: 'keyBytes',
      max: 64,
      actual,
    })
  })
})

describe('[P-14] a refusal names the limit, the value and the option', () => {
  const names = Object.keys(DEFAULT_LIMITS) as (keyof Limits)[]

  test.each(names)('%s', (name) => {
    const body = faultBody(limitFault('It takes 300 bytes', name, 256, 300))
    expect(body).toEqual({
      reason: 'limit_exceeded',
      message: `It takes 300 bytes; the limit is 256 (server option limits.${name}).`,
      limit: name,
      max: 256,
      actual: 300,
      option: `limits.${name}`,
    })
    expect(limitOption(name)).toBe(`limits.${name}`)
  })
})

describe('the body of an error reply', () => {
  test('it has a reason and a message, and no field that does not apply', () => {
    expect(faultBody(fault('not_joined', 'Join first.'))).toEqual({
      reason: 'not_joined',
      message: 'Join first.',
    })
  })

  test('it has the time to wait before a retry', () => {
    expect(faultBody(fault('throttled', 'Slowly.', { retryAfterMs: 0 })).retry_after_ms).toBe(0)
  })

  test("has the application's own reason and details", () => {
    const body = faultBody(fault('refused', 'No.', { reason: 'room_full', details: { seats: 8 } }))
    expect(body).toEqual({ reason: 'room_full', message: 'No.', seats: 8 })
  })

  test('details cannot overwrite its reason and message', () => {
    const details = { reason: 'forged', message: 'forged' }
    expect(faultBody(fault('refused', 'No.', { details }))).toEqual({ reason: 'refused', message: 'No.' })
  })

  test('[P-10] a detail called __proto__ stays a field', () => {
    const details = JSON.parse('{"__proto__":{"polluted":1}}')
    const body = faultBody(fault('refused', 'No.', { details }))
    expect(JSON.stringify(body)).toContain('"__proto__":{"polluted":1}')
    expect(body.polluted).toBeUndefined()
  })
})

describe('error codes', () => {
  test.each(Object.keys(ERROR_CODES) as ErrorCode[])('%s is one, and has a meaning', (code) => {
    expect(isErrorCode(code)).toBe(true)
    expect(ERROR_CODES[code].meaning).toMatch(/\.$/)
    expect(isRetryable(code)).toBe(ERROR_CODES[code].isRetryable)
  })

  test.each(['constructor', '__proto__', 'toString', '', 'nope'])('[P-10] %j is none', (code) => {
    expect([isErrorCode(code), isRetryable(code)]).toEqual([false, false])
  })
})
