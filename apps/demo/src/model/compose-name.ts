/** Longest part of a name that is read, in UTF-16 units. The page shows far less of it. */
export const MAX_COMPOSED_LENGTH = 512

/** Invisible letters: the fillers of Hangul. */
const FILLERS = /[\u115f\u1160\u3164\uffa0]/gu

/**
 * Removes invisible letters and composes accents with their letters, so that equal names are equal strings. Cuts the
 * name to {@link MAX_COMPOSED_LENGTH} first: normalizing takes quadratic time on a run of accents, and strangers choose
 * names. (C-37)
 */
export function composeName(text: string): string {
  // biome-ignore lint/plugin: the text is cut first here.
  return text.slice(0, MAX_COMPOSED_LENGTH).normalize('NFC').replace(FILLERS, '')
}
