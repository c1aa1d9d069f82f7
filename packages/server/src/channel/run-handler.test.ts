import { describe, expect, test } from 'vitest'
import { RecordingLog } from '../testing-support/recording-log'
import { VirtualClock } from '../testing-support/virtual-clock'
import type { ChannelContext } from './channel-context'
import type { ResolvedChannel } from './channel-definition'
import type { Call, Middleware } from './middleware'
import { Refusal, type Reply, refuse } from './reply'
import { type ChannelMessage, runHandler } from './run-handler'

const ctx = { topic: 't', sessionId: 's' } as ChannelContext
const message: ChannelMessage = {
  kind: 'push',
  topic: 't',
  ref: '1',
  joinRef: 'j',
  event: 'say',
  payload: 'secret words',
}
const call: Call = { kind: 'event', event: 'say', payload: 'secret words' }

function definitionOf(event: string, handler: () => Reply | Promise<Reply>): ResolvedChannel {
  return {
    topicPattern: 't',
    handlerOf: new Map([[event, handler]]),
    middleware: [],
    presence: true,
    observable: false,
  }
}

function run(last: () => Reply | Promise<Reply>, middleware: readonly Middleware[] = []) {
  const clock = new VirtualClock()
  const log = new RecordingLog()
  const definition = { ...definitionOf('say', last), middleware }
  const reply = runHandler(ctx, definition, message, { clock, log, handlerTimeoutMs: 100 })
  return { clock, log, reply }
}

const codeOf = (reply: Reply) => (reply instanceof Refusal ? reply.fault.code : null)

describe('[S-13] the application’s code always leads to a reply, in time', () => {
  test('a returned value is the reply, at once', () => {
    expect(run(() => ({ pong: true })).reply).toEqual({ pong: true })
    expect(run(() => undefined).reply).toBeUndefined()
  })

  test('a resolved value is the reply', async () => {
    expect(await run(async () => ({ pong: true })).reply).toEqual({ pong: true })
  })

  test('the value of another library’s thenable is the reply', async () => {
    // biome-ignore lint/suspicious/noThenProperty: that is what is tried
    const thenable = { then: (done: (reply: Reply) => void) => done({ pong: true }) }
    expect(await run(() => thenable as Promise<Reply>).reply).toEqual({ pong: true })
  })

  test('a refusal is the reply', async () => {
    expect(codeOf(await run(async () => refuse('no')).reply)).toBe('refused')
  })

  test.each<[string, () => Reply | Promise<Reply>]>([
    [
      'throws',
      () => {
        throw new Error('secret reason')
      },
    ],
    ['rejects', () => Promise.reject(new Error('secret reason'))],
    [
      'throws something that is no error',
      () => {
        throw 'secret reason'
      },
    ],
    ['rejects with nothing', () => Promise.reject()],
  ])(
    'a handler that %s fails without details for the client, and the log names the place',
    async (_what, last) => {
      const { reply, log } = run(last)
      const settled = await reply
      expect(codeOf(settled)).toBe('handler_failed')
      expect(JSON.stringify((settled as Refusal).fault)).not.toContain('secret')
      expect(log.of('error')).toMatchObject([{ context: { topic: 't', sessionId: 's', event: 'say' } }])
    },
  )

  test('a handler that never finishes fails after the timeout, and the fault names the option', async () => {
    const { reply, clock, log } = run(() => new Promise(() => {}))
    await clock.advance(100)
    const settled = await reply
    expect(codeOf(settled)).toBe('handler_timeout')
    expect((settled as Refusal).fault.message).toContain('handlerTimeoutMs')
    expect(log.of('error')).toHaveLength(1)
  })

  test('a handler that fails after the timeout changes nothing', async () => {
    let fail = () => {}
    const slow = new Promise<Reply>((_resolve, reject) => {
      fail = () => reject(new Error('late'))
    })
    const { reply, clock, log } = run(() => slow)
    await clock.advance(100)
    fail()
    await clock.settle()
    expect(codeOf(await reply)).toBe('handler_timeout')
    expect(log.of('error')).toHaveLength(1)
  })

  test('no payload is logged', async () => {
    const { reply, log } = run(() => Promise.reject(new Error('x')))
    await reply
    expect(JSON.stringify(log.lines)).not.toContain('secret words')
  })
})

describe('middleware', () => {
  const noting =
    (log: string[], name: string): Middleware =>
    async (_ctx, _call, next) => {
      log.push(`${name} before`)
      const reply = await next()
      log.push(`${name} after`)
      return reply
    }

  test('runs around the call, with the first one outermost', async () => {
    const log: string[] = []
    const { reply } = run(() => void log.push('call'), [noting(log, 'a'), noting(log, 'b')])
    await reply
    expect(log).toEqual(['a before', 'b before', 'call', 'b after', 'a after'])
  })

  test('prevents the call if it does not call next', async () => {
    const log: string[] = []
    const { reply } = run(
      () => void log.push('call'),
      [noting(log, 'a'), () => refuse('stop'), noting(log, 'b')],
    )
    expect(codeOf(await reply)).toBe('refused')
    expect(log).toEqual(['a before', 'a after'])
  })

  test('sees the call and may reply in its place', () => {
    const seen: unknown[] = []
    const { reply } = run(
      () => 'from the handler',
      [
        (context, one) => {
          seen.push(context, one)
          return 'from the middleware'
        },
      ],
    )
    expect(reply).toBe('from the middleware')
    expect(seen).toEqual([ctx, call])
  })

  test('[S-13] fails like a handler if it throws', () => {
    const { reply } = run(
      () => undefined,
      [
        () => {
          throw new Error('secret')
        },
      ],
    )
    expect(codeOf(reply as Reply)).toBe('handler_failed')
  })
})
