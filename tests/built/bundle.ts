import { createContext, runInContext } from 'node:vm'
import { type BuildOptions, build } from 'esbuild'

/** Bundles code that an application in this folder might hold, into one script. */
export async function bundle(folder: string, code: string, options: BuildOptions): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: folder },
    bundle: true,
    write: false,
    format: 'iife',
    logLevel: 'silent',
    ...options,
  })
  return outputFiles?.[0]?.text ?? ''
}

/** Runs a script as a page would: with a WebSocket, and without anything of Node's. The addresses it connects to. */
export function addressesOpenedBy(script: string): string[] {
  const opened: string[] = []
  class WebSocket {
    static readonly CONNECTING = 0
    constructor(url: string) {
      opened.push(url)
    }
    close() {}
  }
  const globals = { WebSocket, URL, URLSearchParams, TextEncoder, TextDecoder, setTimeout, clearTimeout }
  runInContext(script, createContext({ ...globals, performance, crypto, queueMicrotask, console }))
  return opened
}
