import { OWN } from './scale'
import { startServer } from './servers'

/*
 * What an application's server looks like to those who attack it, in a process of its own: `own-server.ts KIND`.
 */

const kind = process.argv[2] === 'attached' ? 'attached' : 'own'
const { port } = await startServer(kind, {
  secret: process.env.ROLLCALL_JWT_SECRET ?? '',
  scale: OWN,
})
process.stdout.write(`It serves on http://127.0.0.1:${port}/ (production mode)\n`)
