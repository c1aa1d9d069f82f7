import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Arena } from './arena'
import { PATIENCE_MS } from './patience'
import { LARGE_ROOM_PEOPLE } from './servers'

/** Where thousands are, on an application's server. Strangers may look at it. */
export const LARGE_ROOM = 'large:room'
/** Between two states: states that are asked for at once are one. In milliseconds. */
export const STATE_PACE_MS = 50
/** Bytes that may be held for other reasons. */
const SLACK_BYTES = 8_000_000

export interface LargeRoom {
  readonly stateBytes: number
  /** Held before anybody left a state unread. */
  readonly heldBytes: number
}

/** Looks at the room until all of it is there, so that it costs nothing more, and says what its state is. */
export async function visitLargeRoom(arena: Arena): Promise<LargeRoom> {
  const reader = await arena.stranger('mallory-reads')
  let stateBytes = 0
  let people = 0
  const note = reader.peer.onMessage
  reader.peer.onMessage = (text, isBinary) => {
    note(text, isBinary)
    const [, , , event, payload] = JSON.parse(text)
    if (event !== 'presence_state') return
    people = payload.presences.length
    stateBytes = text.length
  }
  await reader.ask(LARGE_ROOM, 'phx_join')
  const giveUpMs = performance.now() + PATIENCE_MS
  while (people < LARGE_ROOM_PEOPLE) {
    assert.ok(performance.now() < giveUpMs, `The room has ${people} people.`)
    await reader.ask(LARGE_ROOM, 'presence_sync')
    await sleep(STATE_PACE_MS)
  }
  await reader.ask(LARGE_ROOM, 'phx_leave')
  reader.peer.destroy()
  return { stateBytes, heldBytes: await arena.heldBytes() }
}

/**
 * Throws where more is held than one account may leave unread: the bound, and the state that went past it. `copies`: how
 * often this process has the bytes of a state that is on its way.
 */
export function checkHeld(
  growthBytes: number,
  copies: number,
  { stateBytes }: LargeRoom,
  { scale }: Arena,
): string {
  const mostBytes = copies * (scale.accountStateBytes + 2 * stateBytes) + SLACK_BYTES
  const inMb = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`
  assert.ok(growthBytes <= mostBytes, `${inMb(growthBytes)} are held, where ${inMb(mostBytes)} may be`)
  return `${inMb(growthBytes)} held, where ${inMb(mostBytes)} may be`
}
