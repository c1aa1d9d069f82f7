/*
 * Said with every answer: a browser is not to guess what it is (nosniff), nor to tell other sites that somebody was here
 * (Referrer-Policy). What the answer may do in a browser is said by its Content-Security-Policy: JSON may do nothing, and
 * nobody may show it in a frame.
 */

const OF_EVERY_ANSWER = { 'X-Content-Type-Options': 'nosniff', 'Referrer-Policy': 'no-referrer' } as const

/** Of an answer that is data. (S-47) */
export const DATA_HEADERS = {
  ...OF_EVERY_ANSWER,
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
} as const

/**
 * What the page may do, unless the option `contentSecurityPolicy` says otherwise: its own files, and pictures and fonts
 * that stand in them as `data:`. `'self'` lets it connect to the host that it is from, by WebSocket too.
 */
export const DEFAULT_PAGE_POLICY = [
  "default-src 'self'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ')

/** Of an answer that is a file of the page. */
export function pageHeaders(policy: string | null): Readonly<Record<string, string>> {
  return policy === null ? OF_EVERY_ANSWER : { ...OF_EVERY_ANSWER, 'Content-Security-Policy': policy }
}
