import { cellsOf, remarksOf } from './cells'
import type { ScenarioResult } from './results'

/** One scenario as aligned text. */
export function tableOf(result: ScenarioResult): string {
  const rows = cellsOf(result)
  const widths =
    rows[0]?.map((_cell, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? []
  const lines = rows.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0
        return column === 0 ? cell.padEnd(width) : cell.padStart(width)
      })
      .join('  ')
      .trimEnd(),
  )
  const { name, title } = result.scenario
  return [`${name}: ${title}`, ...lines, ...remarksOf(result).map((remark) => `  ${remark}`)].join('\n')
}
