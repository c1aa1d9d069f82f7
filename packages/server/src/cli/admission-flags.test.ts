import { Command } from 'commander'
import { describe, expect, test } from 'vitest'
import { type AdmissionFlags, addAdmissionFlags, admissionOptionsOf } from './admission-flags'

function parse(...args: readonly string[]) {
  const command = addAdmissionFlags(new Command())
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
  command.parse(args, { from: 'user' })
  return admissionOptionsOf(command.opts<AdmissionFlags>())
}

describe('the flags of who may connect', () => {
  test('change nothing where none is given', () => {
    expect(parse()).toEqual({ admission: {} })
  })

  test.each([
    [
      ['--allow-origin', 'https://a.example', 'https://*.b.example'],
      { allowedOrigins: ['https://a.example', 'https://*.b.example'], admission: {} },
    ],
    [
      ['--allow-origin', 'https://a.example', '--allow-origin', 'https://b.example'],
      { allowedOrigins: ['https://a.example', 'https://b.example'], admission: {} },
    ],
    [['--trust-proxy', '10.0.0.0/8, loopback'], { trustProxy: ['10.0.0.0/8', 'loopback'], admission: {} }],
    [
      ['--max-connections', '100', '--max-per-address', '5'],
      { admission: { maxConnections: 100, maxPerAddress: 5 } },
    ],
  ])('%j', (args, options) => {
    expect(parse(...args)).toEqual(options)
  })

  test.each(['0', '-1', '1.5', 'many', '', '1e400'])('--max-connections %j is refused', (text) => {
    expect(() => parse('--max-connections', text)).toThrow('whole number above 0')
    expect(() => parse('--max-per-address', text)).toThrow('whole number above 0')
  })
})
