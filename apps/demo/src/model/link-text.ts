/** A run of plain text, or an address that can be followed. */
export interface TextPart {
  readonly text: string
  readonly href: string | null
}

// Unseen characters end an address: those that turn the writing direction can make one look like another.
const ADDRESS = /https?:\/\/[^\s<>"'\p{C}]+/gu

/** What ends a sentence or a bracket, and so is not part of the address before it. */
const AFTER_ADDRESS = '.,;:!?)]}'

/**
 * Finds web addresses in a message. Only http and https: anything else in an `href` could run. Takes time in
 * proportion to the text, whatever it holds: strangers write it.
 */
export function linkText(text: string): TextPart[] {
  const parts: TextPart[] = []
  let end = 0
  for (const match of text.matchAll(ADDRESS)) {
    const href = withoutPunctuation(match[0])
    if (!hasHost(href)) continue
    if (match.index > end) parts.push({ text: text.slice(end, match.index), href: null })
    parts.push({ text: href, href })
    end = match.index + href.length
  }
  if (end < text.length) parts.push({ text: text.slice(end), href: null })
  return parts
}

// From the end, character by character: `/[.,]+$/` would try every run of them in the middle, too.
function withoutPunctuation(address: string): string {
  let end = address.length
  while (end > 0 && AFTER_ADDRESS.includes(address.charAt(end - 1))) end--
  return address.slice(0, end)
}

/** Longest authority that is looked at: no host name has more than 253 characters. A longer one costs more than its length. */
const MAX_AUTHORITY = 300

function hasHost(address: string): boolean {
  const authority = address.slice(address.indexOf('//') + 2).split(/[/?#\\]/, 1)[0] ?? ''
  if (authority.length > MAX_AUTHORITY) return false
  try {
    return new URL(`https://${authority}`).hostname !== ''
  } catch {
    return false
  }
}
