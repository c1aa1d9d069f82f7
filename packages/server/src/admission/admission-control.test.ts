import { describe, expect, test } from 'vitest'
import { RecordingLog } from '../testing-support/recording-log'
import { testAdmissionControl } from '../testing-support/test-admission-control'
import { VirtualClock } from '../testing-support/virtual-clock'
import { DEFAULT_ADMISSION } from './admission-options'
import { ConnectionSlot } from './connection-slots'

const foreign = {
  headers: { host: 'a.example', origin: 'https://b.example' },
  path: '/socket',
  remoteAddress: '',
}

describe('[S-97] HTTP requests of one address', () => {
  const admission = { ...DEFAULT_ADMISSION, requestsPerSecondPerAddress: 10, requestBurstPerAddress: 3 }

  test('are refused past their rate, with a time to come back; other addresses are not', async () => {
    const [clock, log] = [new VirtualClock(), new RecordingLog()]
    const door = testAdmissionControl({ admission, clock, log })
    const ask = (address: string) => door.requestRefusal(address)
    expect([ask('2001:db8::1'), ask('2001:db8::2'), ask('2001:db8::3')]).toEqual([null, null, null])
    expect(ask('2001:db8::4')).toMatchObject({
      status: 429,
      reason: 'too_many_requests',
      message: expect.stringContaining('admission.requestsPerSecondPerAddress'),
      retryAfterS: expect.any(Number),
    })
    expect(ask('192.0.2.7')).toBeNull()
    for (let i = 0; i < 100; i++) ask('2001:db8::1')
    expect(log.lines).toHaveLength(1)
    // What was refused does not count.
    await clock.advance(100)
    expect([ask('2001:db8::1'), ask('2001:db8::1')?.status]).toEqual([null, 429])
  })

  test('[S-107] may cost more than one, up to the burst', async () => {
    const clock = new VirtualClock()
    const door = testAdmissionControl({ admission, clock })
    expect(door.requestRefusal('192.0.2.7', 100)).toBeNull()
    expect(door.requestRefusal('192.0.2.7')).toMatchObject({ status: 429 })
    await clock.advance(100)
    expect(door.requestRefusal('192.0.2.7', 2)).toMatchObject({ status: 429 })
    expect(door.requestRefusal('192.0.2.7')).toBeNull()
  })

  test('are not counted in development', () => {
    const door = testAdmissionControl({ admission, mode: () => 'development' })
    for (let i = 0; i < 100; i++) expect(door.requestRefusal('127.0.0.1')).toBeNull()
  })
})

describe('[S-35] a door', () => {
  test('refuses a page of another site, and names the option', () => {
    expect(testAdmissionControl().originRefusal(foreign)).toMatchObject({
      status: 403,
      reason: 'origin_not_allowed',
      message: expect.stringContaining('allowedOrigins'),
    })
    expect(testAdmissionControl({ allowedOrigins: ['https://b.example'] }).originRefusal(foreign)).toBeNull()
  })

  test('tells whether pages of every site may connect', () => {
    expect(testAdmissionControl({ allowedOrigins: ['*'] }).allowsAllOrigins).toBe(true)
    expect(testAdmissionControl({ allowedOrigins: ['https://b.example'] }).allowsAllOrigins).toBe(false)
  })

  test('says no where the check of the application throws, and logs it', () => {
    const log = new RecordingLog()
    const allowedOrigins = () => {
      throw new Error('oops')
    }
    expect(testAdmissionControl({ log, allowedOrigins }).originRefusal(foreign)).toMatchObject({
      status: 403,
    })
    expect(log.of('error')).toMatchObject([
      { message: 'allowedOrigins failed', context: { err: { message: 'oops' } } },
    ])
  })

  test('says no where the check throws what cannot be looked at either', () => {
    const unshowable = new Proxy(new Error('oops'), {
      get: () => {
        throw new Error('not to be looked at')
      },
    })
    const log = Object.assign(new RecordingLog(), {
      error: ({ err }: { err?: unknown }) => void (err instanceof Error && err.message),
    })
    const allowedOrigins = () => {
      throw unshowable
    }
    expect(testAdmissionControl({ log, allowedOrigins }).originRefusal(foreign)).toMatchObject({
      status: 403,
    })
  })

  test('counts by address in production, and not in development', () => {
    const admission = { ...DEFAULT_ADMISSION, maxPerAddress: 1 }
    const twice = (mode: 'development' | 'production') => {
      const door = testAdmissionControl({ admission, mode: () => mode })
      return [door.reserve({ remoteAddress: '2001:db8::1' }), door.reserve({ remoteAddress: '2001:db8::2' })]
    }
    expect(twice('production')).toEqual([
      expect.any(ConnectionSlot),
      expect.objectContaining({ status: 429 }),
    ])
    expect(twice('development')).toEqual([expect.any(ConnectionSlot), expect.any(ConnectionSlot)])
  })

  test('sends those that it refuses back at different times, from 1 to 5 seconds on', () => {
    const door = testAdmissionControl({ admission: { ...DEFAULT_ADMISSION, maxConnections: 1 } })
    door.reserve({ remoteAddress: '' })
    const delays = Array.from({ length: 200 }, () => {
      const refusal = door.reserve({ remoteAddress: '' })
      return 'status' in refusal ? refusal.retryAfterS : null
    })
    expect([...new Set(delays)].sort()).toEqual([1, 2, 3, 4, 5])
  })

  test('a flood that is refused is a line in the log once in ten seconds', async () => {
    const log = new RecordingLog()
    const clock = new VirtualClock()
    const door = testAdmissionControl({ log, clock, admission: { ...DEFAULT_ADMISSION, maxConnections: 1 } })
    door.reserve({ remoteAddress: '' })
    for (let i = 0; i < 1000; i++) door.reserve({ remoteAddress: '' })
    for (let i = 0; i < 1000; i++) door.originRefusal(foreign)
    expect(log.of('warn').map(({ context }) => context.reason)).toEqual(['server_full', 'origin_not_allowed'])
    await clock.advance(10_000)
    door.reserve({ remoteAddress: '' })
    door.reserve({ remoteAddress: '' })
    expect(log.of('warn')).toHaveLength(3)
    expect(log.of('warn')[2]).toMatchObject({
      message: 'refusing handshakes',
      context: { reason: 'server_full', suppressedCount: 999 },
    })
  })
})
