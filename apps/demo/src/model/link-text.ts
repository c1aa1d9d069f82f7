/** A run of plain text, or an address that can be followed. */
export interface TextPart {
  readonly text: string
  readonly href: string | null
}

const ADDRESS = /https?:\/\/[^\s<>"']+/g

/** Finds web addresses in a message. Only http and https: anything else in an `href` could run. */
export function linkText(text: string): TextPart[] {
  const parts: TextPart[] = []
  let end = 0
  for (const match of text.matchAll(ADDRESS)) {
    // A full stop or bracket after an address belongs to the sentence.
    const href = match[0].replace(/[.,;:!?)\]}]+$/, '')
    if (match.index > end) parts.push({ text: text.slice(end, match.index), href: null })
    parts.push({ text: href, href })
    end = match.index + href.length
  }
  if (end < text.length) parts.push({ text: text.slice(end), href: null })
  return parts
}
