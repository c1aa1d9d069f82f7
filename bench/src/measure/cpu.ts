import { readdirSync, readFileSync } from 'node:fs'

/** Ticks of `/proc/<pid>/stat` in a second: fixed at 100 in what Linux tells programs. */
const TICKS_PER_SECOND = 100

/** CPU seconds, user and system, that all threads of a process have taken since it began. */
export function readCpuSeconds(pid: number): number {
  return readScheduledSeconds(pid) ?? readTickedSeconds(pid)
}

/** In nanoseconds, but of threads that live: one that has ended takes its time along. */
function readScheduledSeconds(pid: number): number | undefined {
  try {
    let nanoseconds = 0
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      nanoseconds += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0])
    }
    return nanoseconds > 0 ? nanoseconds / 1e9 : undefined
  } catch {
    // A kernel without scheduler statistics, or a thread that ended between the two reads.
    return undefined
  }
}

function readTickedSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The program's name comes second, in parentheses, and may have spaces in it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}
