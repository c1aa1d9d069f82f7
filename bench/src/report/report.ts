import type { MachineAndVersions } from './machine'
import { figuresOf, ratioOf, type ScenarioResult } from './results'

/** Everything that a run has found out, as it is written to JSON. */
export function reportOf(results: readonly ScenarioResult[], on: MachineAndVersions, isQuick: boolean) {
  return {
    date: new Date().toISOString().slice(0, 10),
    isQuick,
    ...on,
    scenarios: results.map((result) => {
      const { scenario, outcomes } = result
      const figures = figuresOf(result)
      return {
        name: scenario.name,
        title: scenario.title,
        subjects: [...outcomes].map(([subject, outcome]) => ({
          subject,
          ...outcome,
          ...(outcome.kind === 'measured' && {
            ratios: Object.fromEntries(
              Object.keys(outcome.figures).map((figure) => [
                figure,
                ratioOf(figures, subject, figure) ?? null,
              ]),
            ),
          }),
        })),
        targets: scenario.targets.map(({ title, isMet }) => ({ title, isMet: isMet(figures) ?? null })),
      }
    }),
  }
}

export type Report = ReturnType<typeof reportOf>
