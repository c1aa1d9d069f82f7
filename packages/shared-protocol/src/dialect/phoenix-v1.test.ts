import { describe, expect, test } from 'vitest'
import { DEFAULT_LIMITS } from '../limits'
import { phoenixV1Dialect } from './phoenix-v1'

const context = { limits: DEFAULT_LIMITS, implicitTopic: 'unused' }
const decode = (frame: unknown) => phoenixV1Dialect.decodeClient(JSON.stringify(frame), context)

describe('V1 reads what a client says', () => {
  test.each([
    [
      { topic: 'phoenix', event: 'heartbeat', payload: {}, ref: '8' },
      { kind: 'heartbeat', ref: '8', topic: 'phoenix' },
    ],
    [
      { topic: 'room:1', event: 'phx_join', payload: { user: 'u' }, ref: '1' },
      { kind: 'join', topic: 'room:1', ref: '1', joinRef: null, payload: { user: 'u' } },
    ],
    [
      { topic: 'room:1', event: 'say', payload: {}, ref: 4, join_ref: 3 },
      { kind: 'push', topic: 'room:1', ref: 4, joinRef: 3, event: 'say', payload: {} },
    ],
  ])('%j', (frame, message) => {
    expect(decode(frame)).toEqual({ ok: true, message })
  })
})

describe('[P-12] V1 answers what it cannot read with what is wrong', () => {
  test.each([
    ['an array', ['1', '1', 'room:1', 'phx_join', {}], 'invalid_message'],
    ['no event', { topic: 'room:1', ref: '1' }, 'invalid_message'],
    ['goodbye', { topic: 'phoenix', event: 'goodbye', payload: {}, ref: '1' }, 'unmatched_topic'],
  ])('%s', (_what, frame, code) => {
    expect(decode(frame)).toMatchObject({ ok: false, fault: { code } })
  })

  test('bytes', () => {
    const decoded = phoenixV1Dialect.decodeClient(Uint8Array.of(0, 0, 0, 1, 1, 65, 65), context)
    expect(decoded).toMatchObject({ ok: false, fault: { code: 'binary_unsupported' } })
  })
})
