import type { MessagePayload } from './message'

/*
 * The messages and notices of a room since it was opened.
 *
 *   composed -> pending -- delivered or echo -> sent
 *                  \-- failed -> failed -- retried -> pending
 *                                      \-- discarded -> (gone)
 */

export type Delivery = 'pending' | 'sent' | 'failed'

export interface MessageLine {
  readonly kind: 'message'
  readonly id: string
  readonly by: string
  readonly name: string
  readonly text: string
  /** Time of writing or arrival in this browser, in epoch milliseconds. Clocks of other people are not used. */
  readonly at: number
  readonly delivery: Delivery
  /** The reason of the failure. */
  readonly problem: string | null
}

export interface Comer {
  readonly id: string
  readonly name: string
}

/** The people who joined and left between two messages. */
export interface NoticeLine {
  readonly kind: 'notice'
  readonly id: string
  readonly at: number
  readonly joined: readonly Comer[]
  readonly left: readonly Comer[]
}

export type Line = MessageLine | NoticeLine
export type Timeline = readonly Line[]

export type TimelineEvent =
  | { readonly type: 'composed'; readonly message: MessagePayload; readonly at: number }
  | { readonly type: 'received'; readonly message: MessagePayload; readonly at: number }
  | { readonly type: 'delivered' | 'retried' | 'discarded'; readonly id: string }
  | { readonly type: 'failed'; readonly id: string; readonly problem: string }
  | { readonly type: 'joined' | 'left'; readonly comer: Comer; readonly at: number }

/** Most lines. Older ones are removed. */
export const MAX_LINES = 500

/** Joins and leaves further apart than this get separate lines, in milliseconds. */
const NOTICE_SPAN_MS = 10 * 60_000

export function stepTimeline(timeline: Timeline, event: TimelineEvent): Timeline {
  switch (event.type) {
    case 'composed':
      return append(timeline, lineOf(event.message, event.at, 'pending'))
    case 'received':
      // The echo of the own message, or a retry of a message that had arrived after all.
      if (timeline.some((line) => line.id === event.message.id)) {
        return change(timeline, event.message.id, { delivery: 'sent', problem: null })
      }
      return append(timeline, lineOf(event.message, event.at, 'sent'))
    case 'delivered':
      return change(timeline, event.id, { delivery: 'sent', problem: null })
    case 'failed':
      // The reply may be lost although the echo came: others have seen the message, so it did not fail.
      return timeline.some(
        (line) => line.kind === 'message' && line.id === event.id && line.delivery === 'sent',
      )
        ? timeline
        : change(timeline, event.id, { delivery: 'failed', problem: event.problem })
    case 'retried':
      return change(timeline, event.id, { delivery: 'pending', problem: null })
    case 'discarded':
      return timeline.filter((line) => line.id !== event.id)
    case 'joined':
    case 'left':
      return notice(timeline, event.type, event.comer, event.at)
  }
}

function lineOf({ id, by, n, text }: MessagePayload, at: number, delivery: Delivery): MessageLine {
  return { kind: 'message', id, by, name: n, text, at, delivery, problem: null }
}

function append(timeline: Timeline, line: Line): Timeline {
  return [...timeline.slice(-(MAX_LINES - 1)), line]
}

function change(timeline: Timeline, id: string, changes: Partial<MessageLine>): Timeline {
  return timeline.map((line) => (line.kind === 'message' && line.id === id ? { ...line, ...changes } : line))
}

/** Adds to the last line if it is a notice too. Leaves out people who joined and left within it. */
function notice(timeline: Timeline, type: 'joined' | 'left', comer: Comer, at: number): Timeline {
  const last = timeline.at(-1)
  if (last?.kind !== 'notice' || at - last.at > NOTICE_SPAN_MS) {
    const id = `${type}-${comer.id}-${at}`
    return append(timeline, { kind: 'notice', id, at, joined: [], left: [], [type]: [comer] })
  }
  const opposite = type === 'joined' ? 'left' : 'joined'
  const without = last[opposite].filter(({ id }) => id !== comer.id)
  const isCancelled = without.length < last[opposite].length
  const others = last[type].filter(({ id }) => id !== comer.id)
  const merged: NoticeLine = {
    ...last,
    [opposite]: without,
    [type]: isCancelled ? others : [...others, comer],
  }
  const before = timeline.slice(0, -1)
  return merged.joined.length + merged.left.length === 0 ? before : [...before, merged]
}
