import type { Plugin } from 'vite'
import { mutants } from './mutants.ts'

/** Breaks one file as it is loaded, where MUTANT names a mutant; the file on disk stays as it is. */
export function mutantPlugin(name: string | undefined): Plugin[] {
  if (name === undefined) return []
  const mutant = mutants.find((candidate) => candidate.name === name)
  if (!mutant) throw new Error(`There is no mutant "${name}".`)
  return [
    {
      name: 'rollcall-mutant',
      enforce: 'pre',
      transform(code, id) {
        if (!id.split('?', 1)[0]?.endsWith(mutant.file)) return null
        const parts = code.split(mutant.find)
        if (parts.length !== 2) {
          throw new Error(
            `The mutant "${name}" finds its text ${parts.length - 1} times in ${mutant.file}; it must be once.`,
          )
        }
        return parts.join(mutant.replace)
      },
    },
  ]
}
