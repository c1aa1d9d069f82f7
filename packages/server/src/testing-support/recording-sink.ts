import type { FrameSink } from '../io/websocket/frame-reader'

/** Records a peer's messages. */
export class RecordingSink implements FrameSink {
  readonly messages: { readonly data: Buffer; readonly isBinary: boolean }[] = []
  /** The wire bytes of each message. */
  readonly wireBytes: number[] = []
  /** The bytes of frames without a message, per read. */
  readonly idleBytes: number[] = []
  readonly pings: string[] = []
  pongs = 0
  /** Called with each message. */
  onText: (text: string) => void = () => {}
  /** The end of the connection; null before it. */
  end: { readonly how: 'close' | 'violation'; readonly code: number; readonly reason: string } | null = null

  /** The text messages. */
  get texts(): string[] {
    return this.messages.filter(({ isBinary }) => !isBinary).map(({ data }) => data.toString())
  }

  onMessage(data: Buffer, isBinary: boolean, wireBytes: number): void {
    this.#stillOpen()
    this.messages.push({ data: Buffer.from(data), isBinary })
    this.wireBytes.push(wireBytes)
    this.onText(data.toString())
  }

  onIdle(bytes: number): void {
    this.#stillOpen()
    this.idleBytes.push(bytes)
  }

  onPing(data: Buffer): void {
    this.#stillOpen()
    this.pings.push(data.toString('latin1'))
  }

  onPong(): void {
    this.#stillOpen()
    this.pongs++
  }

  onClose(code: number, reason: string): void {
    this.#stillOpen()
    this.end = { how: 'close', code, reason }
  }

  onViolation(code: number, reason: string): void {
    this.#stillOpen()
    this.end = { how: 'violation', code, reason }
  }

  #stillOpen(): void {
    if (this.end) throw new Error('Something came after the end.')
  }
}
