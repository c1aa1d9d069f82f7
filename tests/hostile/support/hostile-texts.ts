/* Texts that are dear to whoever searches them: a long run of one thing, and at its end what no pattern expects. */

/** What runs: characters that separate, quote or nest in some header, and pairs that make a parser go back. */
const RUNS: readonly string[] = [
  ...[
    ' ',
    '\t',
    ',',
    ';',
    '=',
    '"',
    '\\',
    ':',
    '/',
    '.',
    '-',
    '%',
    '&',
    '+',
    '[',
    '(',
    '{',
    '*',
    'a',
    '0',
    '\u00e9',
  ],
  ...[
    ', ',
    '; ',
    ' =',
    'a,',
    'a;',
    'a=',
    'a.',
    '"\\',
    '""',
    '=&',
    '1.',
    '0-0,',
    '::',
    '%CC%81%CC%96',
    'xn--',
    '../',
  ],
  ...['127.0.0.1, ', '::1,', '10.0.0.1:1,', '[::1]:1,', 'W/"a",', 'for=a,', 'lp.a.'],
  // Emoji, joiners and flags, which a name is searched for.
  ...['\u{1f469}\u200d', '\u200d', '\u{1f3f4}', '\u{1f3f4}\u{e0067}', '\u0301\u0316', '\u094d\u200d'],
]

/** Each as long as `length`, and no longer. */
export function hostileTexts(length: number): readonly string[] {
  return RUNS.map((run) => `${run.repeat(Math.ceil(length / run.length)).slice(0, length - 1)}!`)
}

/** Tries of which the cheapest counts: a busy machine makes some of them dear, and a slow pattern all of them. */
const TRIES = 20

/**
 * Milliseconds of processor time that the cheapest of some tries took; no more are made than it takes to be below
 * `limitMs`. Not the time that passed: other processes have the processor in between.
 */
export async function cheapestMs(limitMs: number, run: () => unknown): Promise<number> {
  let cheapest = Number.POSITIVE_INFINITY
  for (let i = 0; i < TRIES && cheapest >= limitMs; i++) {
    const before = process.cpuUsage()
    await run()
    const { user, system } = process.cpuUsage(before)
    cheapest = Math.min(cheapest, (user + system) / 1000)
  }
  return cheapest
}
