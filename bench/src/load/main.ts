// The load generator: a process of its own, which is told by messages what to do, and answers with figures.

import { type SubjectName, speeches } from '../subjects/speeches'
import { Crowd } from './crowd'
import { type LoadRequest, tasks } from './tasks'

let crowd: Crowd | undefined

async function take(request: LoadRequest): Promise<unknown> {
  if (request.task === 'start') {
    crowd = new Crowd(Number(request.port), Number(request.pid), speeches[request.subject as SubjectName])
    return undefined
  }
  const task = tasks.get(request.task)
  if (!crowd || !task) throw new Error(`The load generator cannot do ${request.task}.`)
  return crowd.run(task(crowd, request))
}

process.on('message', (request: LoadRequest) => {
  take(request).then(
    (answer) => process.send?.({ answer: answer ?? null }),
    (error: unknown) => process.send?.({ error: error instanceof Error ? error.stack : String(error) }),
  )
})
// What is thrown while bytes are read, such as by a mirror that found the server wrong, fails the task under way.
process.on('uncaughtException', (error) => {
  if (!crowd) throw error
  crowd.fail(error)
})
process.on('disconnect', () => process.exit(0))
process.send?.({ answer: 'ready' })
