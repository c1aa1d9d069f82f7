import { type RefObject, useCallback, useEffect, useLayoutEffect, useState } from 'react'

/** Distance that still counts as the end, in pixels. */
const SLACK_PX = 48

/**
 * Keeps a scrolled box at its end, unless the user has scrolled up. `content` is the value that grows.
 */
export function useStickToEnd(box: RefObject<HTMLElement | null>, content: unknown) {
  const [isAtEnd, setAtEnd] = useState(true)

  const toEnd = useCallback(() => {
    const element = box.current
    if (element) element.scrollTop = element.scrollHeight
    setAtEnd(true)
  }, [box])

  // biome-ignore lint/correctness/useExhaustiveDependencies: it runs when the content has grown.
  useLayoutEffect(() => {
    const element = box.current
    if (element && isAtEnd) element.scrollTop = element.scrollHeight
  }, [box, content, isAtEnd])

  useEffect(() => {
    const element = box.current
    if (!element) return
    const onScroll = () => {
      setAtEnd(element.scrollHeight - element.scrollTop - element.clientHeight < SLACK_PX)
    }
    element.addEventListener('scroll', onScroll, { passive: true })
    return () => element.removeEventListener('scroll', onScroll)
  }, [box])

  // A growing composer or a phone's keyboard makes the box smaller.
  useEffect(() => {
    const element = box.current
    if (!element || !isAtEnd) return
    const observer = new ResizeObserver(() => {
      element.scrollTop = element.scrollHeight
    })
    observer.observe(element)
    return () => observer.disconnect()
  }, [box, isAtEnd])

  return { isAtEnd, toEnd }
}
