/** A run of plain text, or an address that can be followed. */
export interface TextPart {
  readonly text: string
  readonly href: string | null
}

const ADDRESS = /https?:\/\/[^\s<>"']+/g
const SENTENCE_ENDS = '.,;:!?)]}'

/** Finds web addresses in a message. Only http and https: anything else in an `href` could run. */
export function linkText(text: string): TextPart[] {
  const parts: TextPart[] = []
  let end = 0
  for (const match of text.matchAll(ADDRESS)) {
    const href = withoutSentenceEnd(match[0])
    if (match.index > end) parts.push({ text: text.slice(end, match.index), href: null })
    parts.push({ text: href, href })
    end = match.index + href.length
  }
  if (end < text.length) parts.push({ text: text.slice(end), href: null })
  return parts
}

/**
 * A full stop or bracket after an address belongs to the sentence. By a loop: a pattern for it would read a run of them
 * again from each of them.
 */
function withoutSentenceEnd(address: string): string {
  let end = address.length
  while (end > 0 && SENTENCE_ENDS.includes(address[end - 1] as string)) end--
  return address.slice(0, end)
}
