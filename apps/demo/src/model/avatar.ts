/** An avatar without a picture: one or two letters on a colour. */
export interface Avatar {
  readonly initials: string
  /** Index into the palette of `avatar.module.css`. */
  readonly ink: number
}

/** Inks in the palette. */
export const INKS = 10

export function avatarOf(id: string, name: string): Avatar {
  return { initials: initialsOf(name), ink: hash(id) % INKS }
}

function initialsOf(name: string): string {
  const words = name.split(/[\s_-]+/u).filter((word) => word !== '')
  const first = [...(words[0] ?? '?')][0] ?? '?'
  const last = words.length > 1 ? ([...(words.at(-1) ?? '')][0] ?? '') : ''
  return (first + last).toLocaleUpperCase()
}

/** FNV-1a: ids that differ in one letter get unrelated colours. */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193)
  return value >>> 0
}
