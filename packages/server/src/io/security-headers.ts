/*
 * `nosniff` stops a browser from guessing the content type, and the Referrer-Policy from naming this page to other sites.
 * The Content-Security-Policy of JSON forbids everything, including showing it in a frame.
 */

const OF_EVERY_ANSWER = { 'X-Content-Type-Options': 'nosniff', 'Referrer-Policy': 'no-referrer' } as const

/** Headers of a response that is data. (S-47) */
export const DATA_HEADERS = {
  ...OF_EVERY_ANSWER,
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
} as const

/**
 * The default of the option `contentSecurityPolicy`: the page may load its own files, and images and fonts as `data:`.
 * `'self'` also allows connections to its own host, including WebSockets.
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

/** Headers of a response that is a file of the page. */
export function pageHeaders(policy: string | null): Readonly<Record<string, string>> {
  return policy === null ? OF_EVERY_ANSWER : { ...OF_EVERY_ANSWER, 'Content-Security-Policy': policy }
}
