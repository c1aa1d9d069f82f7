import type { LoadProcess } from '../run/load-process'
import type { SubjectProcess } from '../run/subject-process'
import type { SubjectName } from '../subjects/speeches'

/** What one run of a scenario on one subject came to, by figure. */
export type Figures = Readonly<Record<string, number>>

/** How a figure is told. Less is better of all of them but those that say otherwise. */
export interface FigureKind {
  readonly name: string
  readonly title: string
  readonly unit: 'µs' | 'ms' | 's' | 'bytes' | 'KiB' | 'MiB' | '' | '/s'
  readonly isMoreBetter?: boolean
  /** In the chart. */
  readonly isCharted?: boolean
}

/** Figures of one scenario, by subject. A subject that was not run, or failed, is not in it. */
export type FiguresBySubject = ReadonlyMap<SubjectName, Figures>

/** What Rollcall sets out to reach. */
export interface Target {
  readonly title: string
  /** Undefined where a figure that it needs is missing. */
  isMet(figures: FiguresBySubject): boolean | undefined
}

/** What a scenario runs on. */
export interface Stage {
  readonly subject: SubjectProcess
  readonly load: LoadProcess
  /** Small numbers: to see whether it runs, not how fast. */
  readonly isQuick: boolean
}

interface CommonScenario {
  readonly name: string
  readonly title: string
  readonly subjects: readonly SubjectName[]
  /** How often each subject is run, the median being told; noisy ones more than once. */
  readonly repeats: number
  readonly timeoutMs: number
  readonly figures: readonly FigureKind[]
  readonly targets: readonly Target[]
}

export interface ServerScenario extends CommonScenario {
  readonly kind: 'server'
  run(stage: Stage): Promise<Figures>
}

/** Of the client alone, in a process of its own. */
export interface ClientScenario extends CommonScenario {
  readonly kind: 'client'
  run(isQuick: boolean): Promise<Figures>
}

/** Of several nodes, which it starts itself, with what they need. */
export interface ClusterScenario extends CommonScenario {
  readonly kind: 'cluster'
  /** Why it cannot be run here. */
  whyNot(): string | undefined
  run(isQuick: boolean): Promise<Figures>
}

export type Scenario = ServerScenario | ClientScenario | ClusterScenario
