import { LoopWatch } from '../measure/loop-delay'

/** What a subject can be asked, each by a line of JSON on its standard input; each is answered by one on its output. */
export interface SubjectRequest {
  readonly ask: string
  readonly [argument: string]: unknown
}

type Answer = (request: SubjectRequest) => unknown

/** Full garbage collection, as the runtime spells it. */
declare const Bun: { gc(isThorough: boolean): void } | undefined
declare const gc: (() => void) | undefined

function collectGarbage(): void {
  if (typeof Bun !== 'undefined') Bun.gc(true)
  else if (typeof gc !== 'undefined') gc()
  else throw new Error('Start the subject with --expose-gc.')
}

/**
 * Says on which port the subject listens, and answers what every subject is asked, and `more` on top.
 * When its input ends, the run that has started it is over, and so is the subject.
 */
export function serveCommands(port: number, more: Readonly<Record<string, Answer>> = {}): void {
  const loop = new LoopWatch()
  const answers = new Map<string, Answer>(
    Object.entries({
      reset: () => loop.reset(),
      loop: () => loop.read(),
      gc: collectGarbage,
      versions: () => process.versions,
      ...more,
    }),
  )
  const say = (line: unknown) => process.stdout.write(`${JSON.stringify(line)}\n`)

  const take = async (line: string) => {
    const request: SubjectRequest = JSON.parse(line)
    const answer = answers.get(request.ask)
    if (answer) say({ answer: (await answer(request)) ?? null })
    else say({ error: `Nobody here knows ${request.ask}.` })
  }

  let rest = ''
  process.stdin.setEncoding('utf8')
  process.stdin.on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) take(line).catch((error: unknown) => say({ error: String(error) }))
  })
  process.stdin.on('end', () => process.exit(0))
  say({ port })
}
