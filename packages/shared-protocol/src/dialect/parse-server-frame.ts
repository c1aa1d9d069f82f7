import { fault } from '../fault'
import type { JsonValue } from '../json'
import { isNestedDeeperThan } from '../nesting'
import { failure, type Result } from '../result'
import type { Frame } from './dialect'
import { parseText, refuseBinary } from './parse-frame'

/** How deep a client lets a server's frame nest: the envelope around the server's own limit, with room to spare. */
const SERVER_FRAME_DEPTH = 256

/**
 * The JSON value of a frame of the server's. A client holds it to less than a server does a client's: it may have any
 * number of presences, and numbers of any number of digits, as a Phoenix server's have.
 */
export function parseServerFrame(frame: Frame, dialectName: string): Result<JsonValue> {
  if (typeof frame !== 'string') return refuseBinary(dialectName)
  // Each level takes two brackets at least, and what has not all of them is no JSON.
  if (frame.length > 2 * SERVER_FRAME_DEPTH && isNestedDeeperThan(frame, SERVER_FRAME_DEPTH)) {
    return failure(fault('limit_exceeded', `The frame nests deeper than ${SERVER_FRAME_DEPTH} levels.`))
  }
  return parseText(frame)
}
