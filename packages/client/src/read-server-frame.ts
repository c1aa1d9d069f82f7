import type { ClientDialect, Frame } from '@rollcall/shared-protocol'
import type { ChannelFrame } from './channel-link'
import { RollcallError } from './errors'
import { readRefusal, refusalError } from './refusal'

/** What the server said; an error `protocol_fault` where we do not understand it, or it did not understand us. */
export function readServerFrame(dialect: ClientDialect, frame: Frame): ChannelFrame | RollcallError {
  const decoded = dialect.decodeServer(frame)
  if (!decoded.ok) {
    const { code, message } = decoded.fault
    const what = 'A frame of the server was not understood and is passed over'
    return new RollcallError('protocol_fault', `${what}: ${message}`, { reason: code })
  }
  const received = decoded.value
  if (received.kind !== 'fault') return received
  const refusal = readRefusal(received.response)
  return refusalError('protocol_fault', 'The server did not understand a frame of ours', refusal)
}
