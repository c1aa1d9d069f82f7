import { type Fault, fault, type Topic } from '@rollcall/shared-protocol'

export function notJoined(topic: Topic): Fault {
  return fault('not_joined', `The session is not in ${JSON.stringify(topic)}.`)
}

export function unknownEvent(topic: Topic, event: string): Fault {
  const text = `The channel of ${JSON.stringify(topic)} has no handler for the event ${JSON.stringify(event)}.`
  return fault('unknown_event', text)
}

export function tooManyWaiting(maxWaitingMessages: number, handlerTimeoutMs: number): Fault {
  // By when some of those that wait are likely done.
  const retryAfterMs = Math.min(1000, handlerTimeoutMs)
  const text = `${maxWaitingMessages} messages of this channel wait already (server option maxWaitingMessages).`
  return fault('throttled', text, { retryAfterMs })
}

export function storeSilent(topic: Topic, timeoutMs: number): Fault {
  const text = `The store did not say within ${timeoutMs} ms (server option storeTimeoutMs) who is in ${JSON.stringify(topic)}; join again.`
  return fault('store_unavailable', text, { retryAfterMs: 1000 })
}

export function readOnly(topic: Topic): Fault {
  return fault('unauthorized', `This session may read in ${JSON.stringify(topic)}, and say nothing.`)
}

/** The session may only read, and the server has forgotten what it showed in some topic. */
export function shownTooMuch(topic: Topic): Fault {
  const text = `This session has been present in more topics where it may only read than the server remembers. It may read in ${JSON.stringify(topic)} and is not shown there; connect anew to be shown.`
  return fault('unauthorized', text)
}

export function replaced(): Fault {
  return fault('replaced', 'A newer join of the same topic took over.')
}
