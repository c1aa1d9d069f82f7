#!/usr/bin/env node
import { Command } from 'commander'
import { ServerError } from '../errors'
import { refuseEmpty } from './admission-flags'
import { addServe } from './serve'
import { addToken } from './token'

const program = new Command('rollcall').description('Presence: who is here, live.').showHelpAfterError()
addServe(program)
addToken(program)
program.hook('preAction', (_program, command) => refuseEmpty(command))

program.parseAsync().catch((error: unknown) => {
  // An operator can fix a ServerError, so one line is enough; any other error is a bug and needs its stack.
  if (error instanceof ServerError) process.stderr.write(`rollcall: ${error.message}${hintFor(error)}\n`)
  else process.stderr.write(`rollcall: ${error instanceof Error ? error.stack : String(error)}\n`)
  process.exit(1)
})

/** Adds the flag's name to an error that names an option. */
function hintFor({ code }: ServerError): string {
  return code === 'insecure_configuration' ? '\n  The flag for anonymous visitors is --allow-anonymous.' : ''
}
