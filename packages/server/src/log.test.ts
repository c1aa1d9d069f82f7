import type { EventEmitter } from 'node:events'
import { pino } from 'pino'
import { describe, expect, test } from 'vitest'
import { type Logger, logFailure, standardError } from './log'

const logged = (thrown: unknown) => {
  const lines: string[] = []
  const log: Logger = pino({}, { write: (line: string) => void lines.push(line) })
  logFailure(log, thrown, { topic: 'room:1' }, 'it failed')
  return lines.map((line) => JSON.parse(line))
}

const broken = () => {
  throw new Error('not even to look at')
}

describe('[S-13] whatever was thrown, the log is told where', () => {
  test('an error with what it says', () => {
    expect(logged(new Error('why'))).toMatchObject([
      { topic: 'room:1', msg: 'it failed', err: { message: 'why' } },
    ])
  })

  test.each<[string, unknown]>([
    ['text', 'why'],
    ['null', null],
    ['nothing', undefined],
    ['a bigint', 5n],
    ['a symbol', Symbol('why')],
    ['an object whose message throws', Object.defineProperty({}, 'message', { get: broken })],
    ['an error whose message throws', Object.defineProperty(new Error(), 'message', { get: broken })],
    ['an error whose stack throws', Object.defineProperty(new Error(), 'stack', { get: broken })],
    ['a proxy that throws', new Proxy({}, { get: broken, ownKeys: broken })],
  ])('%s', (_what, thrown) => {
    expect(logged(thrown)).toMatchObject([{ topic: 'room:1', msg: 'it failed' }])
  })

  test('a logger that throws is let be', () => {
    const log: Logger = { debug: broken, info: broken, warn: broken, error: broken }
    expect(() => logFailure(log, new Error('why'), {}, 'it failed')).not.toThrow()
  })
})

test('[S-76] a log that cannot be written again and again ends nothing', () => {
  const destination = standardError() as unknown as EventEmitter
  for (const code of ['ENOSPC', 'ENOSPC', 'EPIPE', 'EIO'])
    expect(() => destination.emit('error', Object.assign(new Error(code), { code }))).not.toThrow()
})
