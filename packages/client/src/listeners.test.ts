import { afterEach, describe, expect, test, vi } from 'vitest'
import { ChangeListeners, Listeners } from './listeners'

interface Events {
  said: (what: string) => void
}

afterEach(() => {
  vi.unstubAllGlobals()
})

describe('listeners', () => {
  test('tells in order, once or until off', () => {
    const listeners = new Listeners<Events>()
    const heard: string[] = []
    const first = (what: string) => heard.push(`first ${what}`)
    listeners.on('said', first)
    listeners.once('said', (what) => heard.push(`once ${what}`))
    listeners.emit('said', 'a')
    listeners.emit('said', 'b')
    listeners.off('said', first)
    listeners.emit('said', 'c')
    expect(heard).toEqual(['first a', 'once a', 'first b'])
  })

  test('off without a listener takes all of the event', () => {
    const listeners = new Listeners<Events>()
    const heard = vi.fn()
    listeners.on('said', heard)
    listeners.once('said', heard)
    listeners.off('said')
    listeners.emit('said', 'a')
    expect(heard).not.toHaveBeenCalled()
  })

  test('[C-12] one that throws is reported and stops no other', () => {
    const reported = vi.fn()
    vi.stubGlobal('reportError', reported)
    const listeners = new Listeners<Events>()
    const heard = vi.fn()
    const bad = new Error('bad listener')
    listeners.on('said', () => {
      throw bad
    })
    listeners.once('said', () => {
      throw bad
    })
    listeners.on('said', heard)
    expect(() => listeners.emit('said', 'a')).not.toThrow()
    expect(heard).toHaveBeenCalledExactlyOnceWith('a')
    expect(reported.mock.calls).toEqual([[bad], [bad]])
  })

  test('[C-12] where there is no reportError, it is thrown in a microtask of its own, fake timers or not', async () => {
    vi.stubGlobal('reportError', undefined)
    const queued: (() => void)[] = []
    vi.stubGlobal('queueMicrotask', (run: () => void) => queued.push(run))
    vi.resetModules()
    const { Listeners } = await import('./listeners')
    vi.useFakeTimers({ toFake: ['queueMicrotask'] })
    const listeners = new Listeners<Events>()
    listeners.on('said', () => {
      throw new Error('bad listener')
    })
    listeners.emit('said', 'a')
    vi.useRealTimers()
    expect(queued).toHaveLength(1)
    expect(queued[0]).toThrow('bad listener')
  })

  test('[C-19] event names are never property names', () => {
    const listeners = new Listeners<Record<string, (what: string) => void>>()
    for (const event of ['__proto__', 'constructor', 'toString', '']) {
      const heard = vi.fn()
      listeners.emit(event, 'nobody listens')
      listeners.on(event, heard)
      listeners.emit(event, 'a')
      expect(heard).toHaveBeenCalledExactlyOnceWith('a')
      listeners.off(event, heard)
      listeners.emit(event, 'b')
      expect(heard).toHaveBeenCalledTimes(1)
    }
  })

  test('a change listener that subscribes twice is told twice and unsubscribes one by one', () => {
    const changes = new ChangeListeners()
    const heard = vi.fn()
    const first = changes.subscribe(heard)
    const second = changes.subscribe(heard)
    changes.notify()
    first()
    first()
    changes.notify()
    second()
    changes.notify()
    expect(heard).toHaveBeenCalledTimes(3)
  })
})
