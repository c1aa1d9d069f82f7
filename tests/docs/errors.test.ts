// docs/reference/errors.md has a heading for each code that a program can meet, and no other.

import { CLIENT_ERROR_CODES } from '@rollcall/client'
import type { ServerErrorCode } from '@rollcall/server'
import { CLOSE_CODES, ERROR_CODES } from '@rollcall/shared-protocol'
import { describe, expect, test } from 'vitest'
import { readDocument } from './markdown'

const page = readDocument('docs/reference/errors.md')

// A code that is missing here, or that is gone, does not compile.
const serverErrorCodes: Record<ServerErrorCode, true> = {
  invalid_option: true,
  invalid_argument: true,
  insecure_configuration: true,
  listen_failed: true,
  already_listening: true,
  already_attached: true,
  closed: true,
  store_unavailable: true,
}

/** The headings of the third level under one of the second, with the text that follows each. */
function entriesUnder(section: string): Map<string, string> {
  const lines = page.text.split('\n')
  const start = page.headings.findIndex(({ level, text }) => level === 2 && text === section)
  const entries = new Map<string, string>()
  for (const [offset, heading] of page.headings.slice(start + 1).entries()) {
    if (heading.level < 3) break
    const next = page.headings[start + 2 + offset]
    const body = lines.slice(heading.line, next ? next.line - 1 : lines.length)
    entries.set(heading.text.replaceAll('`', ''), body.join('\n').trim())
  }
  return entries
}

const sections = [
  { section: 'Faults', codes: Object.keys(ERROR_CODES) },
  { section: 'Server errors', codes: Object.keys(serverErrorCodes) },
  { section: 'Client errors', codes: Object.keys(CLIENT_ERROR_CODES) },
  { section: 'Close codes', codes: Object.keys(CLOSE_CODES) },
]

describe('docs/reference/errors.md', () => {
  test.each(sections)('$section: a heading for each code, in the order of the code', ({ section, codes }) => {
    expect([...entriesUnder(section).keys()]).toEqual(codes)
  })

  test('has no other sections', () => {
    const titles = page.headings.filter(({ level }) => level === 2).map(({ text }) => text)
    expect(titles).toEqual(sections.map(({ section }) => section))
  })

  test.each(sections)('$section: says something about each', ({ section }) => {
    for (const [code, body] of entriesUnder(section)) expect(body.length, code).toBeGreaterThan(40)
  })

  test('says of each fault whether it may be retried', () => {
    const said = [...entriesUnder('Faults')].map(([code, body]) => [code, body.startsWith('Retryable.')])
    const meant = Object.entries(ERROR_CODES).map(([code, { isRetryable }]) => [code, isRetryable])
    expect(said).toEqual(meant)
  })

  test("says of each close code its name, and whether Rollcall's client comes back", () => {
    for (const [code, { name, shouldReconnect }] of Object.entries(CLOSE_CODES)) {
      const body = entriesUnder('Close codes').get(code) ?? ''
      expect(body.startsWith(`\`${name}\`.`), code).toBe(true)
      expect(/does not come back/.test(body), code).toBe(!shouldReconnect)
    }
  })
})
