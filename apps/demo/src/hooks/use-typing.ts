import { useCallback, useEffect, useRef, useState } from 'react'

/** Time without a key after which the user is not typing any more, in milliseconds. */
const PAUSE_MS = 4_000

/** Whether the user is typing. Call `touch` at each input and `stop` at the end. */
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
