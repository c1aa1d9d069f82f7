import { useEffect, useState } from 'react'

const SIGNS = ['pointerdown', 'pointermove', 'keydown', 'wheel', 'touchstart', 'focus'] as const

/** Whether this tab has had no input for the given time. */
export function useIdle(afterMs: number): boolean {
  const [isIdle, setIdle] = useState(false)
  useEffect(() => {
    let timer = setTimeout(() => setIdle(true), afterMs)
    const onSign = () => {
      clearTimeout(timer)
      timer = setTimeout(() => setIdle(true), afterMs)
      setIdle(false)
    }
    for (const sign of SIGNS) window.addEventListener(sign, onSign, { passive: true })
    return () => {
      clearTimeout(timer)
      for (const sign of SIGNS) window.removeEventListener(sign, onSign)
    }
  }, [afterMs])
  return isIdle
}
