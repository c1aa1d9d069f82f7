import { churn } from './churn'
import { clientApply } from './client-apply'
import { clusterCommits } from './cluster-commits'
import { clusterCost } from './cluster-cost'
import { clusterCrowd } from './cluster-crowd'
import { clusterVisibility } from './cluster-visibility'
import { fanout, latency } from './fanout'
import { idle } from './idle'
import { resume } from './resume'
import type { Scenario } from './scenario'
import { slowReaders } from './slow-readers'
import { storms } from './storm'

/** All of them, in the order in which they run. */
export const scenarios: readonly Scenario[] = [
  fanout,
  latency,
  ...storms,
  churn,
  idle,
  resume,
  slowReaders,
  clientApply,
  clusterVisibility,
  clusterCrowd,
  clusterCommits,
  clusterCost,
]

/** Those of this name; `storm` means every size of it. */
export function scenariosNamed(name: string): readonly Scenario[] {
  return scenarios.filter((scenario) => scenario.name === name || scenario.name.startsWith(`${name}-`))
}
