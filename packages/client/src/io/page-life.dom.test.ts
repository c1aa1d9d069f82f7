import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { systemNetworkHints } from './network-hints'
import { systemTabStorage } from './session-storage'

let told: string[]
let end: () => void

beforeEach(() => {
  told = []
  const tell = (what: string) => () => void told.push(what)
  end = systemNetworkHints.watch({
    online: tell('online'),
    offline: tell('offline'),
    visible: tell('visible'),
    suspended: tell('suspended'),
    unloaded: tell('unloaded'),
  })
})

afterEach(() => {
  end()
  vi.unstubAllGlobals()
})

const transition = (name: string, persisted: boolean) =>
  window.dispatchEvent(Object.assign(new Event(name), { persisted }))

test('[C-38] a page that goes into the back/forward cache is suspended, and is visible when it comes out', () => {
  transition('pagehide', true)
  transition('pageshow', true)
  expect(told).toEqual(['suspended', 'visible'])
})

test('[C-38] a page that ends is unloaded; one that has just been loaded tells nothing', () => {
  transition('pagehide', false)
  transition('pageshow', false)
  expect(told).toEqual(['unloaded'])
})

test('[C-38] a frozen page is suspended until it resumes', () => {
  document.dispatchEvent(new Event('freeze'))
  document.dispatchEvent(new Event('resume'))
  expect(told).toEqual(['suspended', 'visible'])
})

test('[C-41] a tab has its storage; an iframe of it, and a process without a page, have none', () => {
  expect(systemTabStorage()).toBe(window.sessionStorage)
  vi.stubGlobal('top', {})
  expect(systemTabStorage()).toBeNull()
  vi.unstubAllGlobals()
  vi.stubGlobal('document', undefined)
  vi.stubGlobal('sessionStorage', { getItem: () => 'of the process' })
  expect(systemTabStorage()).toBeNull()
})
