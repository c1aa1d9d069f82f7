import type { Clock } from '../io/clock'
import type { WriteScheduler } from '../io/write-scheduler'
import type { Logger } from '../log'
import type { Store } from '../store/store'
import type { Backlog } from './backlog'
import type { FlushOptions } from './flush-machine'
import type { HistoryBounds } from './history'
import type { HistoryBudget } from './history-budget'
import type { RecentStates } from './recent-states'

/** Shared by all topics of one node. */
export interface TopicServices {
  readonly store: Store
  readonly clock: Clock
  readonly log: Logger
  readonly flush: FlushOptions
  readonly history: HistoryBounds
  /** Bounds the histories of all topics together. */
  readonly historyBudget: HistoryBudget
  /** Large states that were encoded for any topic a moment ago. */
  readonly recentStates: RecentStates
  readonly backlog: Backlog
  readonly writeCost: Pick<WriteScheduler, 'costMs' | 'takeTurn'>
}
