// Child processes, each the leader of a process group of its own: a timeout or a signal ends the
// whole group, or a browser that a test started would outlive the test run.

import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { root } from './repository.mjs'

const signals = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])

/** How long a group may take to end after SIGTERM, in ms. */
const graceMs = 3_000

/** @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set()

/**
 * @typedef {object} CommandOptions
 * @property {number} timeoutMs the group is ended after this time
 * @property {boolean} [live] show the output as it comes, rather than only return it
 * @property {Record<string, string>} [env] on top of the environment
 * @property {string} [cwd] default: the repository
 */

/**
 * Runs a command to its end. Never rejects: a command that can't start is a failure with its reason as output.
 *
 * @param {string[]} command the program and its arguments
 * @param {CommandOptions} options
 * @returns {Promise<{ ok: boolean, output: string }>} `output` is empty when `live`
 */
export function runCommand(command, { timeoutMs, live = false, env = {}, cwd = root }) {
  const [program = '', ...args] = command
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: live ? ['ignore', 'inherit', 'inherit'] : ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    running.add(child)
    let output = ''
    let isLate = false
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text) => {
        output += text
      })
    }
    const timer = setTimeout(() => {
      isLate = true
      endGroup(child)
    }, timeoutMs)
    /** @param {boolean} ok @param {string} [reason] */
    const finish = (ok, reason) => {
      clearTimeout(timer)
      running.delete(child)
      if (reason && live) console.log(reason)
      resolve({ ok, output: reason && !live ? `${output}\n${reason}` : output })
    }
    child.on('error', (error) => finish(false, `${program}: ${error.message}`))
    child.once('exit', () => {
      // Whatever the command left behind goes with it, and so its pipes close.
      signalGroup(child, 'SIGKILL')
      // A process that made itself a group of its own may still hold them: what it says is not waited for.
      setTimeout(() => child.stdout?.destroy() && child.stderr?.destroy(), graceMs).unref()
    })
    child.once('close', (code, signal) => {
      if (isLate) finish(false, `${program} was ended: it took longer than ${timeoutMs / 1000} s`)
      else finish(code === 0, signal ? `${program} was ended by ${signal}` : undefined)
    })
  })
}

/** @param {import('node:child_process').ChildProcess} child @param {NodeJS.Signals} signal */
function signalGroup(child, signal) {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, signal)
  } catch {
    // ESRCH: the whole group has ended already, which is what was asked for.
  }
}

/** @param {import('node:child_process').ChildProcess} child */
function endGroup(child) {
  signalGroup(child, 'SIGTERM')
  setTimeout(() => signalGroup(child, 'SIGKILL'), graceMs).unref()
}

/**
 * On SIGINT, SIGTERM or SIGHUP ends every running command, then this process with the signal's exit code.
 *
 * @returns {() => void} stops listening
 */
export function endCommandsOnSignal() {
  const onExit = () => {
    for (const child of running) signalGroup(child, 'SIGKILL')
  }
  const listeners = signals.map((signal) => {
    const onSignal = () => {
      const code = 128 + constants.signals[signal]
      for (const child of running) {
        child.once('close', () => running.size === 0 && process.exit(code))
        endGroup(child)
      }
      setTimeout(() => process.exit(code), running.size === 0 ? 0 : graceMs + 500)
    }
    // Not once: a second signal, as from npm and its parent, would end this process before its commands.
    process.on(signal, onSignal)
    return () => process.off(signal, onSignal)
  })
  process.once('exit', onExit)
  return () => {
    for (const stopListening of listeners) stopListening()
    process.off('exit', onExit)
  }
}
