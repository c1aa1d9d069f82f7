import { checkJson, type JsonBounds } from '../check-json'
import { type Fault, fault } from '../fault'
import type { JsonValue } from '../json'
import { failure, type Result, success } from '../result'
import type { Frame } from './dialect'

/** The JSON value of a text frame, which is held to the bounds before it is parsed. */
export function parseFrame(frame: Frame, bounds: JsonBounds, dialectName: string): Result<JsonValue> {
  if (typeof frame !== 'string') return refuseBinary(dialectName)
  const outOfBounds = checkJson(frame, bounds)
  return outOfBounds ? failure(outOfBounds) : parseText(frame)
}

export function refuseBinary(dialectName: string): Result<never> {
  const text = `The ${dialectName} dialect has no binary frames; send the message as text.`
  return failure(fault('binary_unsupported', text))
}

export function parseText(text: string): Result<JsonValue> {
  try {
    return success(JSON.parse(text) as JsonValue)
  } catch {
    return failure(notJson(text))
  }
}

function notJson(frame: string): Fault {
  const shown = frame.length > 40 ? `${frame.slice(0, 40)}…` : frame
  return fault('malformed_frame', `The frame is not JSON: ${JSON.stringify(shown)}.`)
}
