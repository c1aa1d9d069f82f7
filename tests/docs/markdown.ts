import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { at } from '../../scripts/lib/repository.mjs'

/** A fenced code block: its language, and the words that follow it. */
export interface Fence {
  readonly language: string
  /** Such as `run` in "```js run server.mjs". A renderer shows none of them. */
  readonly words: readonly string[]
  readonly text: string
  /** Line of its first line of text, from 1. */
  readonly line: number
}

export interface Heading {
  readonly level: number
  readonly text: string
  readonly anchor: string
  readonly line: number
}

export interface Link {
  readonly target: string
  readonly line: number
}

export interface MarkdownDocument {
  /** Relative to the repository. */
  readonly path: string
  readonly text: string
  readonly fences: readonly Fence[]
  readonly headings: readonly Heading[]
  readonly links: readonly Link[]
}

/** Folders whose pages count without those of the folders in them; of `docs`, all count. */
const flatFolders = ['', '.changeset', 'packages/client', 'packages/server', 'packages/shared-protocol']

/** `npm run docs` writes these pages from the docstrings, whose examples are tested where they are written. */
export const GENERATED = 'docs/reference/api'

/** Every page that this repository's readers are sent to. */
export function documentPaths(): string[] {
  const flat = flatFolders.flatMap((folder) =>
    existsSync(at(folder)) ? readdirSync(at(folder)).map((name) => join(folder, name)) : [],
  )
  const docs = readdirSync(at('docs'), { recursive: true, encoding: 'utf8' }).map((name) =>
    join('docs', name),
  )
  return [...flat, ...docs.filter((path) => !path.startsWith(GENERATED))]
    .filter((path) => path.endsWith('.md'))
    .sort()
}

export function readDocument(path: string): MarkdownDocument {
  return parseMarkdown(path, readFileSync(at(path), 'utf8'))
}

/** As much of Markdown as these pages use: ATX headings, backtick fences, inline links. */
export function parseMarkdown(path: string, text: string): MarkdownDocument {
  const fences: Fence[] = []
  const headings: Heading[] = []
  const links: Link[] = []
  const anchors = new Map<string, number>()
  let open: {
    readonly mark: string
    readonly info: string[]
    readonly lines: string[]
    line: number
  } | null = null
  for (const [index, line] of text.split('\n').entries()) {
    const fence = /^(`{3,})(.*)$/.exec(line)
    if (open) {
      if (fence?.[1] === open.mark && fence[2]?.trim() === '') {
        const [language = '', ...words] = open.info
        fences.push({ language, words, text: open.lines.join('\n'), line: open.line })
        open = null
      } else open.lines.push(line)
      continue
    }
    if (fence) {
      const info = (fence[2] ?? '').trim().split(/\s+/)
      open = { mark: fence[1] ?? '', info, lines: [], line: index + 2 }
      continue
    }
    const heading = /^(#{1,6}) (.+)$/.exec(line)
    if (heading) {
      const [, marks = '', title = ''] = heading
      headings.push({ level: marks.length, text: title, anchor: anchorOf(title, anchors), line: index + 1 })
    }
    for (const [, target = ''] of withoutCode(line).matchAll(/\]\(([^)\s]+)\)/g))
      links.push({ target, line: index + 1 })
  }
  if (open) throw new Error(`${path}: the block that begins in line ${open.line - 1} does not end`)
  return { path, text, fences, headings, links }
}

/** The anchor that GitHub gives a heading; the second one of the same text gets `-1`. */
function anchorOf(title: string, taken: Map<string, number>): string {
  const anchor = title
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replace(/\s/g, '-')
  const count = taken.get(anchor) ?? 0
  taken.set(anchor, count + 1)
  return count === 0 ? anchor : `${anchor}-${count}`
}

function withoutCode(line: string): string {
  return line.replace(/`[^`]*`/g, '')
}

/** Values of a block that holds one JSON value after another, each over as many lines as it likes. */
export function jsonValues(fence: Fence): unknown[] {
  const values: unknown[] = []
  let text = ''
  for (const line of fence.text.split('\n')) {
    text += `${line}\n`
    if (text.trim() === '') continue
    try {
      values.push(JSON.parse(text))
      text = ''
    } catch {
      // More lines are to come.
    }
  }
  if (text.trim() !== '') throw new Error(`line ${fence.line}: not JSON: ${text}`)
  return values
}

/** The rows of the table under a heading, as trimmed cells, without its head. */
export function tableUnder(document: MarkdownDocument, headingText: string): string[][] {
  const lines = document.text.split('\n')
  const heading = document.headings.find(({ text }) => text === headingText)
  if (!heading) throw new Error(`${document.path} has no heading "${headingText}"`)
  const rows: string[][] = []
  for (const line of lines.slice(heading.line)) {
    if (/^#{1,6} /.test(line)) break
    if (line.startsWith('|'))
      rows.push(
        line
          .split(/(?<!\\)\|/)
          .slice(1, -1)
          .map((cell) => cell.trim()),
      )
  }
  return rows.slice(2)
}
