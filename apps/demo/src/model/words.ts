/** "Ada", "Ada and Grace", "Ada, Grace and 2 others". */
export function listNames(names: readonly string[], limit = 3): string {
  if (names.length <= 1) return names.join('')
  if (names.length <= limit) return `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
  const rest = names.length - limit + 1
  return `${names.slice(0, limit - 1).join(', ')} and ${count(rest, 'other')}`
}

/** "1 device", "2 devices". */
export function count(number: number, noun: string, plural = `${noun}s`): string {
  return `${number} ${number === 1 ? noun : plural}`
}

/** "1 person here", "2 people here". */
export function countPeople(number: number): string {
  return count(number, 'person', 'people')
}

/** "Ada is typing…"; nothing if nobody is. */
export function typingSentence(names: readonly string[]): string {
  if (names.length === 0) return ''
  if (names.length > 3) return 'Several people are typing…'
  return `${listNames(names)} ${names.length === 1 ? 'is' : 'are'} typing…`
}
