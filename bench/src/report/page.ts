import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cellsOf, remarksOf } from './cells'
import { chartOf } from './chart'
import type { Report } from './report'
import type { ScenarioResult } from './results'

/** The repository's docs, from the bundle of the bench. */
const docs = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'docs')

const BEGIN = '<!-- bench:begin -->'
const END = '<!-- bench:end -->'

/** The page's generated part. What stands around it is kept. */
export function sectionOf(report: Report, results: readonly ScenarioResult[]): string {
  const { machine, versions } = report
  const named = Object.entries(versions).map(([name, version]) => `${name} ${version}`)
  return [
    `Measured on ${report.date}, on ${machine.cores} cores (${machine.cpu}), ${machine.memoryGib} GiB, ` +
      `${machine.kernel}. ${named.join(', ')}.`,
    '![The figures as bars](../assets/performance.svg)',
    ...results.flatMap((result) => [
      `### ${result.scenario.name}`,
      `${result.scenario.title}.`,
      markdownTable(cellsOf(result)),
      remarksOf(result)
        .map((remark) => `- ${remark}`)
        .join('\n'),
    ]),
  ]
    .filter((part) => part !== '')
    .join('\n\n')
}

function markdownTable([head = [], ...rows]: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [
    line(head),
    line(head.map((_cell, column) => (column === 0 ? '---' : '--:'))),
    ...rows.map(line),
  ].join('\n')
}

/** Puts a section between the page's marks. */
export function withSection(page: string, section: string): string {
  const begin = page.indexOf(BEGIN)
  const end = page.indexOf(END)
  if (begin < 0 || end < begin) throw new Error(`The page has no ${BEGIN} before an ${END}.`)
  return `${page.slice(0, begin + BEGIN.length)}\n\n${section}\n\n${page.slice(end)}`
}

/** Writes the figures into the documentation: the page's section, the chart, and all of it as JSON. */
export function writeDocs(report: Report, results: readonly ScenarioResult[]): void {
  const page = join(docs, 'explanation', 'performance.md')
  if (!existsSync(page)) throw new Error(`There is no ${page} to write the figures into.`)
  mkdirSync(join(docs, 'assets'), { recursive: true })
  writeFileSync(join(docs, 'assets', 'performance.svg'), chartOf(results))
  writeFileSync(join(docs, 'assets', 'performance.json'), `${JSON.stringify(report, null, 2)}\n`)
  writeFileSync(page, withSection(readFileSync(page, 'utf8'), sectionOf(report, results)))
}
