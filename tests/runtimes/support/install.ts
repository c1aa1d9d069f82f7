import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import ts from 'typescript'
import type { TestProject } from 'vitest/node'
import { createConsumer } from '../../built/consumer'

declare module 'vitest' {
  interface ProvidedContext {
    /** Folder of an application that has the packages from their tarballs, and the programs of this ring. */
    readonly application: string
  }
}

/** Packs and installs the packages once, for all runtimes. */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const consumer = await createConsumer('tests/runtimes/programs')
  await transpile(consumer.folder)
  project.provide('application', consumer.folder)
  return () => consumer.remove()
}

/** Makes each program JavaScript: not every runtime reads TypeScript. */
async function transpile(folder: string): Promise<void> {
  const compilerOptions: ts.CompilerOptions = {
    module: ts.ModuleKind.ESNext,
    target: ts.ScriptTarget.ES2022,
    verbatimModuleSyntax: true,
    rewriteRelativeImportExtensions: true,
  }
  const programs = (await readdir(folder)).filter((name) => name.endsWith('.mts'))
  for (const name of programs) {
    const { outputText } = ts.transpileModule(await readFile(join(folder, name), 'utf8'), { compilerOptions })
    await writeFile(join(folder, name.replace(/mts$/, 'mjs')), outputText)
  }
}
