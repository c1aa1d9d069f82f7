import type { FigureKind } from '../scenarios/scenario'

const divisors: Readonly<Record<FigureKind['unit'], number>> = {
  µs: 1,
  ms: 1,
  s: 1,
  bytes: 1,
  KiB: 1024,
  MiB: 1024 * 1024,
  '': 1,
  '/s': 1,
}

/** A figure in its unit, with three digits that mean something. */
export function figureText(value: number, unit: FigureKind['unit']): string {
  const text = numberText(value / divisors[unit])
  return unit === '' ? text : unit === '/s' ? `${text}/s` : `${text} ${unit}`
}

export function numberText(value: number): string {
  if (!Number.isFinite(value)) return '-'
  if (Math.abs(value) >= 100 || Number.isInteger(value)) return Math.round(value).toLocaleString('en')
  return value.toLocaleString('en', { minimumSignificantDigits: 2, maximumSignificantDigits: 3 })
}
