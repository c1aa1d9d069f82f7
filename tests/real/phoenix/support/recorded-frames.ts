import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** One line of a recording: who sent or got what. */
export interface RecordedFrame {
  readonly who: string
  readonly isFromClient: boolean
  /** A text, or the bytes of a binary frame. */
  readonly frame: string | Uint8Array
}

/** One scene of a recording, with the dialect of its connections. */
export interface Recording {
  readonly title: string
  readonly dialect: 'phoenix-v1' | 'phoenix-v2'
  readonly frames: readonly RecordedFrame[]
}

/** The scenes of a file in `fixtures/`. */
export function readRecordings(file: string): Recording[] {
  const path = fileURLToPath(new URL(`../fixtures/${file}`, import.meta.url))
  const scenes = readFileSync(path, 'utf8').split(/^## /m)
  return scenes.flatMap((scene, index) => {
    const lines = scene.split('\n')
    const connect = lines.find((line) => / == ws:/.test(line))
    if (connect === undefined) return []
    const frames = lines.flatMap((line) => {
      const [, who = '', arrow = '', rest = ''] = /^(\w+) (->|<-) (.*)$/.exec(line) ?? []
      return arrow === '' ? [] : [{ who, isFromClient: arrow === '->', frame: frameOf(rest) }]
    })
    const dialect = connect.includes('vsn=2') ? 'phoenix-v2' : 'phoenix-v1'
    return [{ title: index === 0 ? file : (lines[0] ?? ''), dialect, frames }]
  })
}

function frameOf(text: string): string | Uint8Array {
  return text.startsWith('BIN ') ? new Uint8Array(Buffer.from(text.slice(4), 'hex')) : text
}

/** A text frame of either dialect, by its parts. */
export function partsOf(frame: string): {
  joinRef: unknown
  ref: unknown
  topic: string
  event: string
  payload: any
} {
  const value = JSON.parse(frame)
  if (!Array.isArray(value)) return { joinRef: null, ...value }
  const [joinRef, ref, topic, event, payload] = value
  return { joinRef, ref, topic, event, payload }
}
