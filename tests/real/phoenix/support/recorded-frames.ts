import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** One line of a recording: who sent or got what. */
export interface RecordedFrame {
  readonly who: string
  readonly isFromClient: boolean
  /** A text, or the bytes of a binary frame. */
  readonly frame: string | Uint8Array
}

/** What a scene is made of, line by line. */
export type RecordedStep =
  | { readonly kind: 'connect'; readonly who: string; readonly url: string; readonly subprotocols: string[] }
  | { readonly kind: 'accepted'; readonly subprotocol: string }
  | ({ readonly kind: 'say' | 'hear' } & RecordedFrame)
  | { readonly kind: 'close'; readonly who: string; readonly code: number }
  | { readonly kind: 'http'; readonly status: number }
  /** What somebody wrote between the lines. */
  | { readonly kind: 'note'; readonly text: string }

/** One scene of a recording, with the dialect of its connections. */
export interface Recording {
  readonly title: string
  readonly dialect: 'phoenix-v1' | 'phoenix-v2'
  readonly frames: readonly RecordedFrame[]
  readonly steps: readonly RecordedStep[]
}

/** The scenes of a file in `fixtures/`, those without a connection included. */
export function readScenes(file: string): Recording[] {
  const path = fileURLToPath(new URL(`../fixtures/${file}`, import.meta.url))
  const [head = '', ...scenes] = readFileSync(path, 'utf8').split(/^## /m)
  const all = head.includes(' == ') ? [[file, head] as const] : []
  const titled = scenes.map((scene) => [scene.slice(0, scene.indexOf('\n')), scene] as const)
  return [...all, ...titled].map(([title, scene]) => {
    const lines = scene.split('\n').filter((line) => line !== '' && line !== title && !line.startsWith('# '))
    const steps = lines.map(stepOf)
    const isV2 = steps.some((step) => step.kind === 'connect' && step.url.includes('vsn=2'))
    const frames = steps.flatMap((step) => (step.kind === 'say' || step.kind === 'hear' ? [step] : []))
    return { title, dialect: isV2 ? 'phoenix-v2' : 'phoenix-v1', frames, steps }
  })
}

/** The scenes of a file that have a connection. */
export function readRecordings(file: string): Recording[] {
  return readScenes(file).filter(({ steps }) => steps.some(({ kind }) => kind === 'connect'))
}

function stepOf(line: string): RecordedStep {
  const [, who = '', sign = '', rest = ''] = /^(\w+) (==|->|<-|xx|HTTP) ?(.*)$/.exec(line) ?? []
  switch (sign) {
    case '==': {
      const [url = '', subprotocols = '[]'] = rest.split(' ')
      return { kind: 'connect', who, url, subprotocols: JSON.parse(subprotocols) }
    }
    case '->':
    case '<-':
      return {
        kind: sign === '->' ? 'say' : 'hear',
        who,
        isFromClient: sign === '->',
        frame: frameOf(rest),
      }
    case 'xx':
      return { kind: 'close', who, code: Number(/\d+/.exec(rest)?.[0]) }
    case 'HTTP':
      return { kind: 'http', status: Number.parseInt(rest, 10) }
  }
  const [, status] = /^HTTP (\d+) /.exec(line) ?? []
  if (status !== undefined) return { kind: 'http', status: Number(status) }
  const [, subprotocol] = /^accepted protocol: "(.*)"$/.exec(line) ?? []
  if (subprotocol !== undefined) return { kind: 'accepted', subprotocol }
  if (/^(-- |!! HTTP|OK v|events at A:|closed after)/.test(line)) return { kind: 'note', text: line }
  throw new Error(`This line of a recording is not understood: ${line}`)
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
