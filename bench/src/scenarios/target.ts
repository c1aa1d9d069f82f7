import type { SubjectName } from '../subjects/speeches'
import type { FiguresBySubject, Target } from './scenario'

type Place = readonly [subject: SubjectName, figure: string]

const valueAt = (figures: FiguresBySubject, [subject, figure]: Place) => figures.get(subject)?.[figure]

/** A figure is at most so much. */
export const atMost = (title: string, place: Place, most: number): Target => ({
  title,
  isMet(figures) {
    const value = valueAt(figures, place)
    return value === undefined ? undefined : value <= most
  },
})

/** A figure is at most this share of the same figure of another subject. */
export const atMostShareOf = (title: string, place: Place, share: number, other: SubjectName): Target => ({
  title,
  isMet(figures) {
    const value = valueAt(figures, place)
    const compared = valueAt(figures, [other, place[1]])
    return value === undefined || compared === undefined ? undefined : value <= share * compared
  },
})
