import { describe, expect, test } from 'vitest'
import { payloadOf, storeMessageOf } from './store'

describe('[S-18] an event between nodes is JSON and arrives unchanged', () => {
  test.each([null, 0, 'text', [], {}, { base64: 'AQID' }])('%j', (payload) => {
    const message = storeMessageOf('e', payload)
    expect(message).toEqual({ event: 'e', payload })
    expect(payloadOf(message)).toBe(payload)
  })

  test.each([0, 1, 255, 1000])('%i bytes', (length) => {
    const bytes = Uint8Array.from({ length }, (_, i) => i)
    const message = JSON.parse(JSON.stringify(storeMessageOf('e', bytes)))
    expect(message).toMatchObject({ event: 'e', isBinary: true })
    expect(payloadOf(message)).toEqual(bytes)
  })

  test('a part of a larger buffer', () => {
    const whole = Uint8Array.of(9, 1, 2, 3, 9)
    expect(payloadOf(storeMessageOf('e', whole.subarray(1, 4)))).toEqual(Uint8Array.of(1, 2, 3))
  })
})
