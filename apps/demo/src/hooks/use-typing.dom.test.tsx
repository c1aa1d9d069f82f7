import { act, cleanup, renderHook } from '@testing-library/react'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { useTyping } from './use-typing'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => {
  cleanup()
  vi.useRealTimers()
})

test('typing lasts while keys are touched, and a pause ends it', () => {
  const { result } = renderHook(() => useTyping())
  expect(result.current.isTyping).toBe(false)
  for (let i = 0; i < 5; i++) {
    act(() => result.current.touch())
    act(() => void vi.advanceTimersByTime(3_000))
    expect(result.current.isTyping).toBe(true)
  }
  act(() => void vi.advanceTimersByTime(1_000))
  expect(result.current.isTyping).toBe(false)
})

test('what is sent is no longer being typed', () => {
  const { result, unmount } = renderHook(() => useTyping())
  act(() => result.current.touch())
  act(() => result.current.stop())
  expect(result.current.isTyping).toBe(false)
  act(() => result.current.touch())
  unmount()
  expect(vi.getTimerCount()).toBe(0)
})
