import { readFileSync, writeFileSync } from 'node:fs'

/** Resident memory of a process, in bytes. */
export interface Memory {
  readonly now: number
  /** The most since the process began, or since {@link resetPeak}. */
  readonly peak: number
}

export function readMemory(pid: number): Memory {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const field = (name: string) => Number(new RegExp(`^${name}:\\s*(\\d+) kB`, 'm').exec(status)?.[1]) * 1024
  return { now: field('VmRSS'), peak: field('VmHWM') }
}

/** Lets the peak begin anew where that is permitted. */
export function resetPeak(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, '5')
  } catch {
    // Not permitted: the peak is then that of the process's whole life, which is never less.
  }
}
