import { act, cleanup, fireEvent, renderHook } from '@testing-library/react'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { useIdle } from './use-idle'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => {
  cleanup()
  vi.useRealTimers()
})

test('nobody at the page for long enough is idle, and back with the first sign', () => {
  const { result } = renderHook(() => useIdle(60_000))
  act(() => void vi.advanceTimersByTime(59_000))
  fireEvent.keyDown(window)
  act(() => void vi.advanceTimersByTime(59_000))
  expect(result.current).toBe(false)
  act(() => void vi.advanceTimersByTime(1_000))
  expect(result.current).toBe(true)
  fireEvent.pointerMove(window)
  expect(result.current).toBe(false)
})

test('nothing goes on after it is gone', () => {
  const { unmount } = renderHook(() => useIdle(60_000))
  unmount()
  fireEvent.keyDown(window)
  expect(vi.getTimerCount()).toBe(0)
})
