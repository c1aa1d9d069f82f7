// ARCHITECTURE.md shows the files that a join's meta crosses, and says how many there are.

import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { at } from '../../scripts/lib/repository.mjs'

const [, walk = ''] = readFileSync(at('ARCHITECTURE.md'), 'utf8').split('### The files on the way')
const rows = [...walk.matchAll(/^\| [^|]+ \| (client|server|shared-protocol) \| ([^|]+) \|$/gm)]
const files = rows.flatMap(([, name = '', cell = '']) =>
  [...cell.matchAll(/`([^`]+)`/g)].map(([, path = '']) => `packages/${name}/src/${path}.ts`),
)

test('the files on the way of a message are there, and are as many as the page says', () => {
  expect(files.filter((path) => !existsSync(at(path)))).toEqual([])
  expect(new Set(files).size).toBe(files.length)
  expect(walk).toContain(`crosses ${files.length} files`)
})
