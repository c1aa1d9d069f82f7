import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { fakeFrames } from '../testing-support/fake-frames'
import { systemFrames } from './frames'

beforeEach(() => void vi.useFakeTimers(fakeFrames()))
afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

function look(visibilityState: DocumentVisibilityState) {
  vi.spyOn(document, 'visibilityState', 'get').mockReturnValue(visibilityState)
  document.dispatchEvent(new Event('visibilitychange'))
}

const paint = () => void vi.advanceTimersToNextFrame()

test('a visible page is painted, a hidden one is not, nor one without animation frames', () => {
  expect(systemFrames.isVisible()).toBe(true)
  look('hidden')
  expect(systemFrames.isVisible()).toBe(false)
  look('visible')
  vi.stubGlobal('requestAnimationFrame', undefined)
  expect(systemFrames.isVisible()).toBe(false)
})

test('it runs once, with the next animation frame, and leaves nothing behind', () => {
  const run = vi.fn()
  systemFrames.next(run)
  expect(run).not.toHaveBeenCalled()
  paint()
  expect(run).toHaveBeenCalledTimes(1)
  expect(vi.getTimerCount()).toBe(0)
  look('hidden')
  expect(run).toHaveBeenCalledTimes(1)
})

test('a page that is hidden meanwhile does not keep it waiting', () => {
  const run = vi.fn()
  systemFrames.next(run)
  look('visible')
  expect(run).not.toHaveBeenCalled()
  look('hidden')
  expect(run).toHaveBeenCalledTimes(1)
  expect(vi.getTimerCount()).toBe(0)
})

test('nor does one that counts as visible and is not painted: an iframe out of sight', () => {
  vi.stubGlobal('requestAnimationFrame', () => 1)
  const run = vi.fn()
  systemFrames.next(run)
  vi.advanceTimersByTime(249)
  expect(run).not.toHaveBeenCalled()
  vi.advanceTimersByTime(1)
  expect(run).toHaveBeenCalledTimes(1)
})

test('cancelled, it never runs', () => {
  const run = vi.fn()
  systemFrames.next(run)()
  expect(vi.getTimerCount()).toBe(0)
  paint()
  look('hidden')
  expect(run).not.toHaveBeenCalled()
})
