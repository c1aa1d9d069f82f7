import type { Outcome } from '../run/run-scenario'
import type { Figures, FiguresBySubject, Scenario } from '../scenarios/scenario'
import type { SubjectName } from '../subjects/speeches'

/** What a scenario came to on all subjects. */
export interface ScenarioResult {
  readonly scenario: Scenario
  readonly outcomes: ReadonlyMap<SubjectName, Outcome>
}

export function figuresOf({ outcomes }: ScenarioResult): FiguresBySubject {
  const figures = new Map<SubjectName, Figures>()
  for (const [subject, outcome] of outcomes) {
    if (outcome.kind === 'measured') figures.set(subject, outcome.figures)
  }
  return figures
}

/** With whom the others are compared. */
export const BASELINE: SubjectName = 'plain-ws'

/** How much of the baseline's figure a subject's is; undefined where there is nothing to compare. */
export function ratioOf(figures: FiguresBySubject, subject: SubjectName, figure: string): number | undefined {
  const value = figures.get(subject)?.[figure]
  const baseline = figures.get(BASELINE)?.[figure]
  return value === undefined || !baseline ? undefined : value / baseline
}
