import { figureText, numberText } from './number-text'
import { BASELINE, figuresOf, ratioOf, type ScenarioResult } from './results'

/** A scenario as rows: figures down, subjects across, with the ratio to the baseline in parentheses. */
export function cellsOf(result: ScenarioResult): readonly (readonly string[])[] {
  const figures = figuresOf(result)
  const subjects = [...figures.keys()]
  return [
    ['', ...subjects],
    ...result.scenario.figures.map(({ name, title, unit }) => [
      title,
      ...subjects.map((subject) => {
        const value = figures.get(subject)?.[name]
        if (value === undefined) return '-'
        const ratio = subject === BASELINE ? undefined : ratioOf(figures, subject, name)
        return `${figureText(value, unit)}${ratio === undefined ? '' : ` (${numberText(ratio)})`}`
      }),
    ]),
  ]
}

/** Why a subject has no figures, and which targets are met. */
export function remarksOf(result: ScenarioResult): readonly string[] {
  const figures = figuresOf(result)
  const missing = [...result.outcomes].flatMap(([subject, outcome]) =>
    outcome.kind === 'measured' ? [] : [`${subject} ${outcome.kind}: ${outcome.reason.split('\n')[0]}`],
  )
  const targets = result.scenario.targets.map(({ title, isMet }) => {
    const met = isMet(figures)
    return `${met === undefined ? 'not measured' : met ? 'met' : 'NOT MET'}: ${title}`
  })
  return [...missing, ...targets]
}
