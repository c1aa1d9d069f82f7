import type { Command } from 'commander'
import { ServerError } from '../errors'

/**
 * Refuses options that were given as an empty text, by a flag or by the environment: `HOST=` would listen on every
 * address, and `REDIS_URL=` would serve without Redis. Throws `invalid_option`.
 */
export function refuseEmpty(command: Command): void {
  for (const option of command.options) {
    const name = option.attributeName()
    const value: unknown = command.getOptionValue(name)
    const isEmpty = isBlank(value) || (Array.isArray(value) && value.some(isBlank))
    if (!isEmpty) continue
    const isFromEnvironment = command.getOptionValueSource(name) === 'env'
    const where = isFromEnvironment ? `The environment variable ${option.envVar}` : option.long
    const instead = isFromEnvironment ? 'unset it' : 'leave it out'
    throw new ServerError('invalid_option', `${where} is empty: give it a value, or ${instead}.`)
  }
}

function isBlank(value: unknown): boolean {
  return typeof value === 'string' && value.trim() === ''
}
