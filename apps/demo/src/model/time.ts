/** The local day of a time, as a string for comparisons and ids. */
export function dayOf(at: number): string {
  const date = new Date(at)
  return `${date.getFullYear()}-${date.getMonth() + 1}-${date.getDate()}`
}

/** "14:05", in the format of the reader's language. */
export function clockTime(at: number, locale?: string): string {
  return new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit' }).format(at)
}

/** "Today", "Yesterday", or the date. */
export function dayLabel(at: number, now: number, locale?: string): string {
  if (dayOf(at) === dayOf(now)) return 'Today'
  const yesterday = new Date(now)
  yesterday.setDate(yesterday.getDate() - 1)
  if (dayOf(at) === dayOf(yesterday.getTime())) return 'Yesterday'
  return new Intl.DateTimeFormat(locale, { weekday: 'long', day: 'numeric', month: 'long' }).format(at)
}

/** "since 14:05", with the day if it was not today. A time in the future counts as now. */
export function sinceText(since: number, now: number, locale?: string): string {
  const at = Math.min(since, now)
  return dayOf(at) === dayOf(now)
    ? `since ${clockTime(at, locale)}`
    : `since ${new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short' }).format(at)}`
}
