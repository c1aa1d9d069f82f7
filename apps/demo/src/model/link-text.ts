/** A run of plain text, or an address that can be followed. */
export interface TextPart {
  readonly text: string
  readonly href: string | null
}

// Invisible characters end an address: those that change the writing direction can make it look like another one.
const ADDRESS = /https?:\/\/[^\s<>"'\p{C}]+/gu

/** Characters that end a sentence or a bracket, and do not belong to the address before them. */
const AFTER_ADDRESS = '.,;:!?)]}'

/**
 * Finds web addresses in a message. Only http and https, because another scheme in an `href` could run code. Its time is
 * proportional to the length of the text, because strangers write it. (C-37)
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

// A loop from the end: the pattern `/[.,]+$/` would also try every run in the middle.
function withoutPunctuation(address: string): string {
  let end = address.length
  while (end > 0 && AFTER_ADDRESS.includes(address.charAt(end - 1))) end--
  return address.slice(0, end)
}

/** Longest authority that is parsed: a host name has at most 253 characters, and parsing is not linear. */
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
