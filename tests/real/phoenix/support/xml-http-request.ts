import { type ClientRequest, request as httpRequest } from 'node:http'

/** As much of a browser's XMLHttpRequest as the official client uses. */
export class NodeXmlHttpRequest {
  readyState = 0
  responseText = ''
  timeout = 0
  onerror: (() => void) | null = null
  ontimeout: (() => void) | null = null
  onreadystatechange: (() => void) | null = null
  readonly #headers: Record<string, string> = {}
  #method = 'GET'
  #url = ''
  #request: ClientRequest | null = null
  #timer: NodeJS.Timeout | undefined

  open(method: string, url: string): void {
    this.#method = method
    this.#url = url
    this.readyState = 1
  }

  setRequestHeader(name: string, value: string): void {
    this.#headers[name] = value
  }

  send(body: string | null): void {
    const sent = httpRequest(this.#url, { method: this.#method, headers: this.#headers }, (response) => {
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        this.responseText += chunk
      })
      response.on('end', () => this.#complete())
      response.on('error', () => this.#fail())
    })
    this.#request = sent
    sent.on('error', () => this.#fail())
    sent.end(body ?? undefined)
    if (this.timeout > 0) {
      this.#timer = setTimeout(() => {
        this.#end()
        this.ontimeout?.()
      }, this.timeout)
    }
  }

  abort(): void {
    if (this.readyState === 4) return
    this.#end()
    this.readyState = 4
    // A browser tells an aborted request that it is complete, with nothing in it.
    this.responseText = ''
    this.onreadystatechange?.()
  }

  #end(): void {
    clearTimeout(this.#timer)
    this.#request?.destroy()
  }

  #complete(): void {
    clearTimeout(this.#timer)
    this.readyState = 4
    this.onreadystatechange?.()
  }

  #fail(): void {
    clearTimeout(this.#timer)
    if (this.readyState === 4) return
    this.readyState = 4
    this.onerror?.()
  }
}
