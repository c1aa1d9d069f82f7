import type { Block } from '../model/group-lines'
import { dayLabel } from '../model/time'
import type { MessageLine } from '../model/timeline'
import marks from './marks.module.css'
import { MessageGroup } from './message-group'
import { NoticeLine } from './notice-line'

interface Props {
  readonly block: Block
  readonly selfId: string
  readonly onRetry: (line: MessageLine) => void
  readonly onDiscard: (line: MessageLine) => void
}

export function TimelineBlock({ block, selfId, onRetry, onDiscard }: Props) {
  switch (block.kind) {
    case 'group':
      return (
        <MessageGroup group={block} isSelf={block.by === selfId} onRetry={onRetry} onDiscard={onDiscard} />
      )
    case 'notice':
      return <NoticeLine notice={block} />
    case 'day':
      return <li className={marks.day}>{dayLabel(block.at, Date.now())}</li>
    case 'unread':
      return <li className={marks.unread}>New</li>
  }
}
