/** Longest name that is looked at, in UTF-16 units. What is shown of one is far shorter. */
export const MAX_COMPOSED_LENGTH = 512

/** Letters that show nothing: the fillers of Hangul. */
const FILLERS = /[\u115f\u1160\u3164\uffa0]/gu

/**
 * A name without letters that show nothing, and with its accents put into their letters, so that two ways to write it are one. Cut to
 * {@link MAX_COMPOSED_LENGTH} first: names come from strangers, and normalizing takes time with the square of a run of
 * accents.
 */
export function composeName(text: string): string {
  // biome-ignore lint/plugin: this is where the text is cut first.
  return text.slice(0, MAX_COMPOSED_LENGTH).normalize('NFC').replace(FILLERS, '')
}
