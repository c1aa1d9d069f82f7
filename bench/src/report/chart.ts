import { BarChart } from 'echarts/charts'
import { GridComponent, LegendComponent, TitleComponent } from 'echarts/components'
import { init, use } from 'echarts/core'
import { SVGRenderer } from 'echarts/renderers'
import { type SubjectName, subjectNames } from '../subjects/speeches'
import { BASELINE, figuresOf, ratioOf, type ScenarioResult } from './results'

use([BarChart, GridComponent, LegendComponent, TitleComponent, SVGRenderer])

const WIDTH = 900
const HEIGHT_PER_GROUP = 110
const HEIGHT_OF_REST = 110

/** Told apart on white and on black, and by those who see no red or green. */
const COLORS: Readonly<Record<SubjectName, string>> = {
  rollcall: '#0f7bd8',
  'rollcall+deflate': '#63b3f5',
  'plain-ws': '#8c8c8c',
  'socket-io': '#d9730d',
  bun: '#b58a00',
  'raw-net': '#8a63d2',
}

/** On light and on dark pages alike: there is no background. */
const TEXT = '#848d97'

/** A group of bars: one figure of one scenario. */
interface Group {
  readonly label: string
  readonly ratios: ReadonlyMap<SubjectName, number>
}

/** The charted figures as bars, the baseline's being 1. An SVG image. */
export function chartOf(results: readonly ScenarioResult[]): string {
  const groups = results.flatMap(groupsOf)
  const subjects = subjectNames.filter((name) => groups.some(({ ratios }) => ratios.has(name)))
  const height = HEIGHT_OF_REST + HEIGHT_PER_GROUP * groups.length
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height })
  const textStyle = { color: TEXT, fontFamily: 'sans-serif' }
  chart.setOption({
    animation: false,
    textStyle,
    title: {
      text: `As a ratio to ${BASELINE}: less is better`,
      left: 'center',
      textStyle: { ...textStyle, fontSize: 15 },
    },
    legend: { top: 32, textStyle },
    grid: { top: 70, left: 230, right: 60, bottom: 30 },
    xAxis: {
      type: 'value',
      axisLabel: { color: TEXT },
      splitLine: { lineStyle: { color: TEXT, opacity: 0.25 } },
    },
    yAxis: {
      type: 'category',
      inverse: true,
      data: groups.map(({ label }) => label),
      axisLabel: { color: TEXT },
    },
    series: subjects.map((subject) => ({
      name: subject,
      type: 'bar',
      itemStyle: { color: COLORS[subject] },
      label: { show: true, position: 'right', color: TEXT },
      data: groups.map(({ ratios }) => {
        const ratio = ratios.get(subject)
        return ratio === undefined ? null : Number(ratio.toPrecision(2))
      }),
    })),
  })
  const svg = chart.renderToSVGString()
  chart.dispose()
  return svg
}

/** Of the charted figures that the baseline has, too. */
function groupsOf(result: ScenarioResult): Group[] {
  const figures = figuresOf(result)
  return result.scenario.figures
    .filter(({ isCharted }) => isCharted)
    .flatMap(({ name, title }) => {
      const ratios = new Map<SubjectName, number>()
      for (const subject of figures.keys()) {
        const ratio = ratioOf(figures, subject, name)
        if (ratio !== undefined) ratios.set(subject, ratio)
      }
      return ratios.size > 0 ? [{ label: `${result.scenario.name}\n${title}`, ratios }] : []
    })
}
