import { type Fault, fault, limitFault } from '../fault'
import { isNestedDeeperThan, type JsonValue } from '../json'
import { failure, type Result, success } from '../result'
import type { Frame } from './dialect'

/** The JSON value of a text frame, with its nesting bounded before it is parsed. */
export function parseFrame(frame: Frame, maxDepth: number, dialectName: string): Result<JsonValue> {
  if (typeof frame !== 'string') {
    return failure(
      fault(
        'binary_unsupported',
        `The ${dialectName} dialect has no binary frames; send the message as text.`,
      ),
    )
  }
  if (isNestedDeeperThan(frame, maxDepth)) {
    return failure(
      limitFault(`The frame nests deeper than ${maxDepth} levels`, 'jsonDepth', maxDepth, maxDepth + 1),
    )
  }
  try {
    return success(JSON.parse(frame) as JsonValue)
  } catch {
    return failure(notJson(frame))
  }
}

function notJson(frame: string): Fault {
  const shown = frame.length > 40 ? `${frame.slice(0, 40)}…` : frame
  return fault('malformed_frame', `The frame is not JSON: ${JSON.stringify(shown)}.`)
}
