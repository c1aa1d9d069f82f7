import { inflateRawSync, constants as zlib } from 'node:zlib'
import type { Count, Speech } from '../subjects/speech'

/** What the bytes of one message come to. Made once for all clients that get the same bytes. */
export interface Reading {
  readonly count: Count | undefined
  readonly text: string
}

interface Entry {
  readonly bytes: Buffer
  readonly isCompressed: boolean
  readonly reading: Reading
}

/** What is smaller is counted sooner than found. */
const CACHED_FROM_BYTES = 512
const ENTRIES = 16

/** What permessage-deflate leaves out at the end of each message (RFC 7692, 7.2.2). */
const TAIL = Buffer.from([0x00, 0x00, 0xff, 0xff])

/** Reads messages, and the same bytes only once: servers send them to hundreds of clients. */
export class PayloadReader {
  readonly #speech: Speech
  /** The latest first. */
  readonly #entries: Entry[] = []

  constructor(speech: Speech) {
    this.#speech = speech
  }

  /** The latest payload of this length. */
  readonly guess = (length: number): Buffer | undefined =>
    this.#entries.find(({ bytes }) => bytes.length === length)?.bytes

  read(payload: Buffer, isCompressed: boolean): Reading {
    if (payload.length < CACHED_FROM_BYTES && !isCompressed) return this.#readingOf(payload)
    for (const entry of this.#entries) {
      const { bytes, reading } = entry
      if (entry.isCompressed === isCompressed && (bytes === payload || bytes.equals(payload))) return reading
    }
    const bytes = Buffer.from(payload)
    const reading = this.#readingOf(isCompressed ? inflate(bytes) : bytes)
    this.#entries.unshift({ bytes, isCompressed, reading })
    if (this.#entries.length > ENTRIES) this.#entries.pop()
    return reading
  }

  #readingOf(bytes: Buffer): Reading {
    let text: string | undefined
    // Decoded for those who want it, which are few. Not from lent bytes: small ones are asked for at once.
    return {
      count: this.#speech.count(bytes),
      get text() {
        text ??= bytes.toString()
        return text
      },
    }
  }
}

const inflate = (bytes: Buffer): Buffer =>
  inflateRawSync(Buffer.concat([bytes, TAIL]), { finishFlush: zlib.Z_SYNC_FLUSH })
