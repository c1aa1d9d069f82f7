// The bench runs to its end, on the built packages. Its figures mean nothing with so little to do.

import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { at } from '../../scripts/lib/repository.mjs'

const run = promisify(execFile)
const names = ['fanout', 'storm-1000', 'churn', 'idle', 'resume', 'slow-readers', 'client-apply']
const ofRollcallAlone = ['resume', 'client-apply']

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rollcall-bench-'))
  await run(at('node_modules/.bin/tsup'), { cwd: at('bench'), timeout: 30_000 })
}, 40_000)

afterAll(() => rm(folder, { recursive: true, force: true }))

test('every scenario gives figures', { timeout: 60_000 }, async () => {
  const file = join(folder, 'figures.json')
  const args = [...names, '--quick', '--subjects', 'rollcall,plain-ws', '--json', file]
  await run(process.execPath, [at('bench/dist/main.js'), ...args], { timeout: 55_000 })

  const report = JSON.parse(await readFile(file, 'utf8'))
  expect(report.versions).toMatchObject({ node: process.versions.node, ws: expect.any(String) })
  expect(report.scenarios.map(({ name }: any) => name)).toEqual(names)
  for (const { name, subjects } of report.scenarios) {
    const measured = subjects.map(({ subject }: any) => subject)
    expect(measured).toEqual(ofRollcallAlone.includes(name) ? ['rollcall'] : ['rollcall', 'plain-ws'])
    for (const { figures } of subjects) {
      expect(Object.keys(figures)).not.toEqual([])
      for (const figure of Object.values(figures)) expect(figure).toEqual(expect.any(Number))
    }
  }
})
