import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Pair } from './tokens'

export const jwk = (kid: string, { publicKey }: Pair): object => ({
  kid,
  ...publicKey.export({ format: 'jwk' }),
})

/** A response with a set of these keys. */
export function keySet(...keys: readonly object[]): RequestListener {
  return (_request, response) => response.end(JSON.stringify({ keys }))
}

/** An issuer's key endpoint, on a free local port. */
export class JwksEndpoint {
  answer: RequestListener
  /** Requests so far. */
  count = 0
  readonly #server: Server

  private constructor(answer: RequestListener) {
    this.answer = answer
    this.#server = createServer((request, response) => {
      this.count++
      this.answer(request, response)
    })
  }

  static async open(answer: RequestListener): Promise<JwksEndpoint> {
    const endpoint = new JwksEndpoint(answer)
    await endpoint.listen(0)
    return endpoint
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/jwks.json`
  }

  listen(port: number): Promise<void> {
    return new Promise((resolve) => this.#server.listen(port, '127.0.0.1', resolve))
  }

  close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    this.#server.closeAllConnections()
    return closed
  }
}
