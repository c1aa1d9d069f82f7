import { RawPeer, type Refusal } from '../support/raw-peer'

/** A refused handshake, as its answer tells it. */
export interface Refused {
  readonly status: number
  readonly error: string
  readonly message: string
  /** Seconds; null where nothing is said of another try. */
  readonly retryAfterS: number | null
}

/** What a handshake was refused with. Throws where it was taken. */
export function refusedBy(answer: RawPeer | Refusal): Refused {
  if (answer instanceof RawPeer) throw new Error('The handshake was taken.')
  const [, retryAfter] = /^retry-after: (\d+)/im.exec(answer.headers) ?? []
  const { error = '', message = '' } = parse(answer.body)
  return {
    status: answer.status,
    error,
    message,
    retryAfterS: retryAfter === undefined ? null : Number(retryAfter),
  }
}

function parse(body: string): { error?: string; message?: string } {
  try {
    return JSON.parse(body)
  } catch {
    return {}
  }
}
