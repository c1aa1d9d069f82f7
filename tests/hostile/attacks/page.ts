import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The folder of a page, for a server of one's own: a file that is small and one that is large. */
export function newPage(): { readonly folder: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-page-'))
  writeFileSync(join(folder, 'index.html'), '<!doctype html><script type="module" src="./large.js"></script>')
  writeFileSync(join(folder, 'large.js'), `// ${'x'.repeat(1_000_000)}`)
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) }
}
