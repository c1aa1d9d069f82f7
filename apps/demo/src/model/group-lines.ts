import { dayOf } from './time'
import type { MessageLine, NoticeLine, Timeline } from './timeline'

/** Consecutive messages of one author. */
export interface MessageGroup {
  readonly kind: 'group'
  readonly id: string
  readonly by: string
  readonly name: string
  readonly at: number
  readonly lines: readonly MessageLine[]
}

/** A part of the timeline as it is drawn. */
export type Block =
  | MessageGroup
  | NoticeLine
  | { readonly kind: 'day'; readonly id: string; readonly at: number }
  | { readonly kind: 'unread'; readonly id: string }

/** A pause after which the author and the time are shown again, in milliseconds. */
const GROUP_SPAN_MS = 5 * 60_000

/** Groups lines as they are drawn. `unreadId` is the first line that the user has not seen. */
export function groupLines(timeline: Timeline, unreadId: string | null): Block[] {
  const blocks: Block[] = []
  let day: string | null = null
  for (const line of timeline) {
    const today = dayOf(line.at)
    // The first day gets no heading.
    if (day !== null && today !== day) blocks.push({ kind: 'day', id: `day-${today}`, at: line.at })
    day = today
    if (line.id === unreadId) blocks.push({ kind: 'unread', id: 'unread' })
    if (line.kind === 'notice') {
      blocks.push(line)
      continue
    }
    const last = blocks.at(-1)
    const before = last?.kind === 'group' ? last.lines.at(-1) : undefined
    if (last?.kind === 'group' && before && last.by === line.by && line.at - before.at <= GROUP_SPAN_MS) {
      blocks[blocks.length - 1] = { ...last, name: line.name, lines: [...last.lines, line] }
    } else {
      blocks.push({ kind: 'group', id: line.id, by: line.by, name: line.name, at: line.at, lines: [line] })
    }
  }
  return blocks
}
