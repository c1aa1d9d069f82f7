/**
 * Whether brackets nest deeper than `maxDepth` in a JSON text. Asked before parsing: a parsed value that is
 * nested ten thousand deep would overflow the stack of whoever walks it next, `JSON.stringify` included.
 */
export function isNestedDeeperThan(text: string, maxDepth: number): boolean {
  let depth = 0
  let isInString = false
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (isInString) {
      if (code === 0x5c /* \ */) i++
      else if (code === 0x22 /* " */) isInString = false
    } else if (code === 0x22) isInString = true
    else if (code === 0x5b /* [ */ || code === 0x7b /* { */) {
      if (++depth > maxDepth) return true
    } else if (code === 0x5d || code === 0x7d) depth--
  }
  return false
}
