import { describe, expect, test } from 'vitest'
import { isLoopback, modeFor } from './mode'

describe('[S-14] development is the default only where nobody from elsewhere can connect', () => {
  test.each(['localhost', '127.0.0.1', '127.255.0.3', '::1', '::ffff:127.0.0.1'])(
    '%s is a loopback',
    (address) => {
      expect(isLoopback(address)).toBe(true)
      expect(modeFor(address, undefined)).toBe('development')
      expect(modeFor(address, 'test')).toBe('development')
      expect(modeFor(address, 'production')).toBe('production')
    },
  )

  test.each(['prod', 'Production', ' production', 'staging', 'produktion'])(
    'NODE_ENV=%s is not taken for development: a misspelled production would trust names',
    (env) => expect(modeFor('127.0.0.1', env)).toBe('production'),
  )

  test.each(['development', ''])('NODE_ENV=%j leaves it to the address', (env) => {
    expect(modeFor('127.0.0.1', env)).toBe('development')
    expect(modeFor('0.0.0.0', env)).toBe('production')
  })

  test.each([
    '0.0.0.0',
    '::',
    '192.168.0.1',
    '127.evil.example',
    '127.0.0.1.example',
    '1127.0.0.1',
    '128.0.0.1',
    '',
  ])('%j is none', (address) => {
    expect(isLoopback(address)).toBe(false)
    expect(modeFor(address, undefined)).toBe('production')
  })
})
