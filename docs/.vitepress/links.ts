import { existsSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/*
 * Links in the pages are relative paths of the repository, so that they also work on GitHub. The site needs two other
 * kinds: a page's address in the site, and the address on GitHub of a file that is no page.
 */

export const repository = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')
export const GITHUB = 'https://github.com/rollcall/rollcall'

/** Pages outside of `docs`, by their path in the repository. The value is their place in the site. */
const OTHER_PAGES: Readonly<Record<string, string>> = {
  'ARCHITECTURE.md': 'explanation/architecture.md',
  'GLOSSARY.md': 'explanation/glossary.md',
  'SECURITY.md': 'explanation/security-policy.md',
  'CONTRIBUTING.md': 'explanation/contributing.md',
  'packages/client/SPEC.md': 'reference/laws-client.md',
  'packages/server/SPEC.md': 'reference/laws-server.md',
  'packages/shared-protocol/SPEC.md': 'reference/laws-protocol.md',
}

/** The place in the site of a file of the repository, or null where it is no page. */
export function pageOf(path: string): string | null {
  const other = OTHER_PAGES[path]
  if (other !== undefined) return other
  return path.startsWith('docs/') && path.endsWith('.md') ? path.slice('docs/'.length) : null
}

/**
 * Turns one link of a page into the link that the site needs.
 *
 * @param source - Absolute path of the file that has the link.
 * @throws Error where the link leads nowhere: the build stops.
 */
export function siteLink(source: string, target: string): string {
  if (target === '' || /^([a-z]+:|\/|#)/i.test(target)) return target
  const [file = '', anchor] = target.split('#')
  const full = resolve(dirname(source), decodeURIComponent(file))
  const path = relative(repository, full)
  const page = pageOf(path)
  const suffix = anchor === undefined ? '' : `#${anchor}`
  if (!existsSync(full))
    throw new Error(`${relative(repository, source)} links to ${path}, which does not exist.`)
  return page === null
    ? `${GITHUB}/blob/main/${path}${suffix}`
    : `/${page.replace(/(^|\/)index\.md$/, '$1').replace(/\.md$/, '')}${suffix}`
}

/** The anchor of a heading, by GitHub's rule: a link to it works in both places. */
export function anchorOf(title: string): string {
  return title
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replace(/\s/g, '-')
}

export const at = (...parts: string[]) => join(repository, ...parts)
