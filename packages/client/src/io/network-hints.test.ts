import { afterEach, describe, expect, test, vi } from 'vitest'
import { systemNetworkHints } from './network-hints'

afterEach(() => vi.unstubAllGlobals())

/** A global scope with events and no window: that of a dedicated, a shared or a service worker. */
function workerScope(onLine: boolean): EventTarget {
  const scope = new EventTarget()
  vi.stubGlobal('addEventListener', scope.addEventListener.bind(scope))
  vi.stubGlobal('removeEventListener', scope.removeEventListener.bind(scope))
  vi.stubGlobal('navigator', { onLine })
  return scope
}

function listening() {
  const told: string[] = []
  const tell = (what: string) => () => void told.push(what)
  const end = systemNetworkHints.watch({
    online: tell('online'),
    offline: tell('offline'),
    visible: tell('visible'),
    suspended: tell('suspended'),
    unloaded: tell('unloaded'),
  })
  return { told, end }
}

describe('[C-3] in a worker', () => {
  test('the network counts as gone where the worker says so, and its return is told', () => {
    const scope = workerScope(false)
    expect(systemNetworkHints.isOnline()).toBe(false)
    const { told, end } = listening()
    scope.dispatchEvent(new Event('online'))
    scope.dispatchEvent(new Event('offline'))
    expect(told).toEqual(['online', 'offline'])
    end()
    scope.dispatchEvent(new Event('online'))
    expect(told).toHaveLength(2)
  })
})

describe('[C-3] where nobody would tell of its return', () => {
  test('the network counts as there: Node, and React Native, which has a navigator and no events', () => {
    vi.stubGlobal('addEventListener', undefined)
    vi.stubGlobal('navigator', { onLine: false, product: 'ReactNative' })
    expect(systemNetworkHints.isOnline()).toBe(true)
    expect(() => listening().end()).not.toThrow()
  })
})
