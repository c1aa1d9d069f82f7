import react from '@vitejs/plugin-react'
import { defaultClientConditions, defineConfig } from 'vite'

/** Where `vite dev` finds the server that speaks Rollcall; the built demo is served by it. */
const server = process.env.ROLLCALL_SERVER ?? 'http://127.0.0.1:9090'

export default defineConfig({
  plugins: [react()],
  // Relative addresses: the server may mount the demo anywhere.
  base: './',
  // The client is read from source, so that a change in it shows at once.
  resolve: { conditions: ['@rollcall/source', ...defaultClientConditions] },
  server: { proxy: { '/socket': { target: server, ws: true } } },
})
