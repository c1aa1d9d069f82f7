import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { readPage } from './static-page'

const MAX_BYTES = 1000

/** A folder with these files, by their paths. */
function folderOf(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-page-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  return folder
}

const pathsOf = (folder: string) => [...readPage(folder, MAX_BYTES).keys()].sort()

test('a page is all files of the folder and of those within', () => {
  const folder = folderOf({ 'index.html': 'the page', 'assets/app.js': '1', 'assets/deep/er.css': '' })
  expect(pathsOf(folder)).toEqual(['/assets/app.js', '/assets/deep/er.css', '/index.html'])
  expect(readPage(folder, MAX_BYTES).get('/index.html')?.body.toString()).toBe('the page')
})

test('names that begin with a dot are left out, but for .well-known', () => {
  const folder = folderOf({
    '.env': 'SECRET=1',
    '.git/config': '',
    'assets/.npmrc': '',
    '.well-known/security.txt': 'Contact:',
    '.well-known/.hidden': '',
    'assets/.well-known/security.txt': '',
    'a.js': '',
  })
  expect(pathsOf(folder)).toEqual(['/.well-known/security.txt', '/a.js'])
})

test('[S-9] a folder of more than maxPageBytes is refused, with what it has', () => {
  const folder = folderOf({ 'a.js': 'x'.repeat(600), 'b/c.js': 'x'.repeat(401) })
  expect(readPage(folder, 1001).size).toBe(2)
  let thrown: unknown
  try {
    readPage(folder, MAX_BYTES)
  } catch (error) {
    thrown = error
  }
  expect(thrown).toMatchObject({ name: 'ServerError', code: 'invalid_option' })
  for (const told of ['maxPageBytes', '1000', '1001', folder]) expect(String(thrown)).toContain(told)
})

test.skipIf(process.platform === 'win32')('[S-9] nothing of one that is too large is read', () => {
  const folder = folderOf({ 'huge.bin': '' })
  // More than could be read, of which the disk has nothing.
  truncateSync(join(folder, 'huge.bin'), 5 * 2 ** 30)
  expect(() => readPage(folder, MAX_BYTES)).toThrow(/maxPageBytes/)
})

test.skipIf(process.platform !== 'linux')(
  '[S-9] what a file holds counts, whatever size it was said to have',
  () => {
    const folder = folderOf({})
    // The system's own files have none.
    symlinkSync('/proc/self/status', join(folder, 'status'))
    expect(() => readPage(folder, 10)).toThrow(/maxPageBytes/)
  },
)

test('a folder that is none is refused', () => {
  const folder = folderOf({ 'a.js': '' })
  for (const none of [join(folder, 'nowhere'), join(folder, 'a.js')]) {
    expect(() => readPage(none, MAX_BYTES)).toThrow(
      expect.objectContaining({ code: 'invalid_option', message: expect.stringContaining(none) }),
    )
  }
})

test.skipIf(process.platform === 'win32')('links are followed, once; pipes are not read', () => {
  const elsewhere = folderOf({ 'shared.js': '' })
  const folder = folderOf({ 'a/b.js': '' })
  symlinkSync(folder, join(folder, 'a', 'up'))
  symlinkSync('nowhere', join(folder, 'broken.js'))
  symlinkSync(join(elsewhere, 'shared.js'), join(folder, 'shared.js'))
  symlinkSync(elsewhere, join(folder, 'lib'))
  execFileSync('mkfifo', [join(folder, 'pipe.js')])
  expect(pathsOf(folder)).toEqual(['/a/b.js', '/lib/shared.js', '/shared.js'])
})
