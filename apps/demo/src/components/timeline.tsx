import { type ReactNode, type Ref, useImperativeHandle, useMemo, useRef } from 'react'
import { usePageVisible } from '../hooks/use-page-visible'
import { useStickToEnd } from '../hooks/use-stick-to-end'
import { useTitle } from '../hooks/use-title'
import { useUnread } from '../hooks/use-unread'
import { groupLines } from '../model/group-lines'
import type { Timeline as Lines, MessageLine } from '../model/timeline'
import { count } from '../model/words'
import { Icon } from './icon'
import styles from './timeline.module.css'
import { TimelineBlock } from './timeline-block'

export interface TimelineHandle {
  readonly toEnd: () => void
}

interface Props {
  readonly ref: Ref<TimelineHandle>
  readonly title: string
  readonly lines: Lines
  readonly selfId: string
  /** Shown while there are no lines. */
  readonly empty: ReactNode
  readonly onRetry: (line: MessageLine) => void
  readonly onDiscard: (line: MessageLine) => void
}

/** The messages. Stays at their end, unless the user has scrolled up. */
export function Timeline({ ref, title, lines, selfId, empty, onRetry, onDiscard }: Props) {
  const box = useRef<HTMLElement>(null)
  const { isAtEnd, toEnd } = useStickToEnd(box, lines)
  const isVisible = usePageVisible()
  const unread = useUnread(lines, isAtEnd && isVisible, selfId)
  const blocks = useMemo(() => groupLines(lines, unread.markId), [lines, unread.markId])
  useTitle(title, unread.count)
  useImperativeHandle(ref, () => ({ toEnd }), [toEnd])

  return (
    <div className={styles.frame}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard. */}
      <section className={styles.scroll} ref={box} aria-label={`Conversation in ${title}`} tabIndex={0}>
        <div className={styles.page}>
          {blocks.length === 0 && empty}
          <ol
            className={styles.lines}
            role="log"
            aria-live="polite"
            aria-relevant="additions"
            aria-label="Messages"
          >
            {blocks.map((block) => (
              <TimelineBlock
                key={block.id}
                block={block}
                selfId={selfId}
                onRetry={onRetry}
                onDiscard={onDiscard}
              />
            ))}
          </ol>
        </div>
      </section>
      {!isAtEnd && (
        <button type="button" className={styles.jump} data-news={unread.count > 0} onClick={toEnd}>
          <Icon name="down" size={16} />
          {unread.count > 0 ? count(unread.count, 'new message') : 'To the newest'}
        </button>
      )}
    </div>
  )
}
