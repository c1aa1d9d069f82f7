import { Command, Option } from 'commander'
import { afterEach, expect, test, vi } from 'vitest'
import { refuseEmpty } from './admission-flags'

afterEach(() => vi.unstubAllEnvs())

function serve(...args: string[]): () => void {
  const command = new Command('serve')
    .addOption(new Option('--host <address>').env('HOST').default('127.0.0.1'))
    .option('--allow-origin <origin...>')
    .option('--demo', 'on', true)
  command.parse(args, { from: 'user' })
  return () => refuseEmpty(command)
}

test('[S-17] nothing given, and what is given, are taken', () => {
  expect(serve()).not.toThrow()
  vi.stubEnv('HOST', '::1')
  expect(serve('--allow-origin', 'https://a.example')).not.toThrow()
})

test.each(['', '  '])('[S-17] the environment with HOST=%j is refused by name', (host) => {
  vi.stubEnv('HOST', host)
  expect(serve()).toThrow(/environment variable HOST is empty.*unset it/)
})

test('[S-17] an empty flag is refused by name, also one of several values', () => {
  expect(serve('--host', '')).toThrow(/--host is empty.*leave it out/)
  expect(serve('--allow-origin', 'https://a.example', '')).toThrow(/--allow-origin is empty/)
})
