import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { RecordingLog } from '../testing-support/recording-log'
import { clientAddress, type TrustProxy } from './client-address'

function addressOf(
  trusted: TrustProxy | null,
  peer: string | undefined,
  forwardedFor?: string,
  log = new RecordingLog(),
) {
  const socket = new Socket()
  Object.defineProperty(socket, 'remoteAddress', { value: peer })
  const request = new IncomingMessage(socket)
  if (forwardedFor !== undefined) request.headers['x-forwarded-for'] = forwardedFor
  return clientAddress(trusted, log)(request)
}

describe('[S-35] where a request comes from', () => {
  test.each<[string, TrustProxy | null, string, string | undefined, string]>([
    ['nobody is trusted', null, '10.0.0.5', '192.0.2.7', '10.0.0.5'],
    ['the peer is no trusted proxy', ['10.0.0.6'], '10.0.0.5', '192.0.2.7', '10.0.0.5'],
    ['a proxy is trusted', ['10.0.0.5'], '10.0.0.5', '192.0.2.7', '192.0.2.7'],
    ['a network of proxies is trusted', ['10.0.0.0/8'], '10.1.2.3', '192.0.2.7', '192.0.2.7'],
    ['proxies have a name', ['loopback', 'uniquelocal'], '::1', '192.0.2.7, 10.9.9.9', '192.0.2.7'],
    [
      'the nearest proxy is written with a port',
      ['10.0.0.0/8'],
      '10.0.0.5',
      '192.0.2.7, 10.0.0.6:80',
      '192.0.2.7',
    ],
    ['the client made up a header itself', ['10.0.0.5'], '10.0.0.5', '1.1.1.1, 192.0.2.7', '192.0.2.7'],
    ['the header is garbage', ['10.0.0.5'], '10.0.0.5', '"><script>', ''],
    ['the proxy says a port', ['10.0.0.5'], '10.0.0.5', '192.0.2.7:4711', '192.0.2.7'],
    ['the socket is of both kinds', ['10.0.0.5'], '::ffff:10.0.0.5', '192.0.2.7', '192.0.2.7'],
    ['a function decides', (address) => address === '10.0.0.5', '10.0.0.5', '192.0.2.7', '192.0.2.7'],
    ['an empty list is given', [], '10.0.0.5', '192.0.2.7', '10.0.0.5'],
  ])('where %s', (_what, trusted, peer, forwardedFor, address) => {
    expect(addressOf(trusted, peer, forwardedFor)).toBe(address)
  })

  test.each<[string, TrustProxy, string, string | undefined]>([
    ['a proxy says nothing', ['10.0.0.5'], '10.0.0.5', undefined],
    ['its header is empty', ['10.0.0.5'], '10.0.0.5', ''],
    ['it has no names in it', ['10.0.0.5'], '10.0.0.5', ' , ,'],
    ['a proxy before it says nothing', ['10.0.0.0/8'], '10.0.0.5', '10.0.0.6'],
    ['it is written with a port', ['10.0.0.0/8'], '10.0.0.5', '10.0.0.6:80'],
    ['it is written as IPv6', ['10.0.0.0/8'], '::ffff:10.0.0.5', '[::ffff:10.0.0.6]:80'],
    ['a function trusts it', (_address, hop) => hop < 1, '10.0.0.5', undefined],
  ])('[S-45] is unknown, and no trusted address, where %s', (_what, trusted, peer, forwardedFor) => {
    expect(addressOf(trusted, peer, forwardedFor)).toBe('')
  })

  test('[S-43] is unknown behind more proxies than anybody has, and few of them are asked about', () => {
    let asked = 0
    const trusts = () => {
      asked++
      return true
    }
    expect(addressOf(trusts, '10.0.0.5', '::1,'.repeat(4000))).toBe('')
    expect(asked).toBe(32)
    const thirty = Array.from({ length: 30 }, () => '10.0.0.6')
    expect(addressOf(['10.0.0.0/8'], '10.0.0.5', ['192.0.2.7', ...thirty].join())).toBe('192.0.2.7')
    expect(addressOf(['10.0.0.0/8'], '10.0.0.5', ['192.0.2.7', ...thirty, '10.0.0.6'].join())).toBe('')
  })

  test('is unknown where the nearest address is none, which no function can trust', () => {
    const asked: string[] = []
    const trusts = (address: string) => {
      asked.push(address)
      return address !== '192.0.2.7'
    }
    expect(addressOf(trusts, '10.0.0.5', '192.0.2.7, garbage')).toBe('')
    expect(asked).toEqual(['10.0.0.5'])
  })

  test('is unknown where the socket has gone and has no address any more', () => {
    expect(addressOf(null, undefined)).toBe('')
    expect(addressOf(['10.0.0.5'], undefined)).toBe('')
  })

  test('a proxy that nobody named is hinted at, once', () => {
    const log = new RecordingLog()
    const of = clientAddress(null, log)
    for (const forwardedFor of [undefined, '192.0.2.7', '192.0.2.8']) {
      const request = new IncomingMessage(new Socket())
      if (forwardedFor !== undefined) request.headers['x-forwarded-for'] = forwardedFor
      of(request)
      expect(log.of('warn')).toHaveLength(forwardedFor === undefined ? 0 : 1)
    }
    expect(log.of('warn')[0]?.message).toContain('trustProxy')
  })

  test('a function that throws trusts nobody, and the log says so', () => {
    const log = new RecordingLog()
    const fails = () => {
      throw new Error('oops')
    }
    expect(addressOf(fails, '10.0.0.5', '192.0.2.7', log)).toBe('10.0.0.5')
    expect(log.of('error')).toMatchObject([
      { message: 'trustProxy failed', context: { err: { message: 'oops' }, address: '10.0.0.5' } },
    ])
  })

  test('nor does one that throws what cannot be looked at', () => {
    const unshowable = new Proxy(new Error('oops'), {
      get: () => {
        throw new Error('not to be looked at')
      },
    })
    const log = Object.assign(new RecordingLog(), {
      error: ({ err }: { err?: unknown }) => void (err instanceof Error && err.message),
    })
    const fails = () => {
      throw unshowable
    }
    expect(addressOf(fails, '10.0.0.5', '192.0.2.7', log)).toBe('10.0.0.5')
  })

  test.each(['proxy.example.com', '10.0.0.0/33', '', '10.0.0.256'])(
    '%j is refused when the server is made',
    (entry) => {
      expect(() => clientAddress([entry], new RecordingLog())).toThrow(
        expect.objectContaining({
          code: 'invalid_option',
          message: expect.stringContaining('trustProxy'),
          cause: expect.any(TypeError),
        }),
      )
    },
  )

  test('a proxy is told from others', () => {
    const { isProxy } = clientAddress(['loopback'], new RecordingLog())
    expect([isProxy('127.0.0.1'), isProxy('::ffff:127.0.0.1'), isProxy('192.0.2.7'), isProxy('')]).toEqual([
      true,
      true,
      false,
      false,
    ])
    expect(clientAddress(null, new RecordingLog()).isProxy('127.0.0.1')).toBe(false)
  })
})
