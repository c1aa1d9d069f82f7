import type { Writable } from 'node:stream'

/*
 * Reads frames as `ws` does, on either side. Tests pass the library in, as only one file of the server may import it.
 */

interface Deflate {
  accept(offers: readonly object[]): void
  cleanup(): void
}

/** The part of `ws` that its types do not export. */
interface Library {
  readonly Receiver: new (options: object) => Writable
  readonly PerMessageDeflate: new (options: object) => Deflate
}

export interface ReceiverOptions {
  /** Whether it reads a client's frames. @default false */
  readonly isServer?: boolean
  /** Whether permessage-deflate was negotiated, without context takeover. @default false */
  readonly isCompressed?: boolean
  readonly maxPayload?: number
}

export interface ReceivedMessage {
  readonly data: Buffer
  readonly isBinary: boolean
}

export class Receiver {
  readonly messages: ReceivedMessage[] = []
  readonly pings: string[] = []
  pongs = 0
  /** A close frame's code and reason, or the code of a violation, without a reason. */
  end: { readonly code: number; readonly reason: string | null } | null = null
  readonly #receiver: Writable
  readonly #deflate: Deflate

  constructor(ws: object, { isServer = false, isCompressed = false, maxPayload = 0 }: ReceiverOptions = {}) {
    const lib = ws as Library
    this.#deflate = new lib.PerMessageDeflate({
      isServer,
      maxPayload,
      clientNoContextTakeover: true,
      serverNoContextTakeover: true,
    })
    this.#deflate.accept([isServer ? {} : { server_no_context_takeover: [true] }])
    const extensions = isCompressed ? { 'permessage-deflate': this.#deflate } : {}
    this.#receiver = new lib.Receiver({ isServer, maxPayload, extensions })
    this.#receiver
      .on('message', (data: Buffer, isBinary: boolean) => this.messages.push({ data, isBinary }))
      .on('ping', (data: Buffer) => this.pings.push(data.toString('latin1')))
      .on('pong', () => this.pongs++)
      .on('conclude', (code: number, reason: Buffer) => {
        this.end = { code, reason: reason.toString() }
      })
      .on('error', (error) => {
        this.end = { code: statusOf(error), reason: null }
      })
  }

  /** Reads chunks until all are read or the connection ends. Returns all messages so far. */
  async read(...chunks: readonly Buffer[]): Promise<readonly ReceivedMessage[]> {
    for (const chunk of chunks) {
      if (this.end || this.#receiver.destroyed) break
      await new Promise<void>((resolve) => void this.#receiver.write(chunk, () => resolve()))
    }
    return this.messages
  }

  close(): void {
    this.#receiver.destroy()
    this.#deflate.cleanup()
  }
}

/** The close code that `ws` would send for its error. */
function statusOf(error: Error): number {
  const symbol = Object.getOwnPropertySymbols(error).find(({ description }) => description === 'status-code')
  return symbol ? ((error as unknown as Record<symbol, number>)[symbol] ?? 0) : 0
}
