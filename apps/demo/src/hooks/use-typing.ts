import { useCallback, useEffect, useRef, useState } from 'react'

/** Somebody who has not touched a key for that long is thinking, not typing. */
const PAUSE_MS = 4_000

/** Whether somebody is typing now, with what to call when they typed (`touch`) and when they are done (`stop`). */
export function useTyping() {
  const [isTyping, setTyping] = useState(false)
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  const stop = useCallback(() => {
    clearTimeout(timer.current)
    setTyping(false)
  }, [])
  const touch = useCallback(() => {
    clearTimeout(timer.current)
    timer.current = setTimeout(() => setTyping(false), PAUSE_MS)
    setTyping(true)
  }, [])
  useEffect(() => () => clearTimeout(timer.current), [])
  return { isTyping, touch, stop }
}
