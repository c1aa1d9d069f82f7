import imported from 'isomorphic-ws'

type WebSocketClass = typeof imported

export type WebSocketData = imported.Data

/**
 * The class to connect with: `ws` in Node, the platform's own elsewhere. Looked up for every connection, because tests
 * replace the platform's after this file was loaded.
 *
 * @throws where the environment has none.
 */
export function webSocketClass(): WebSocketClass {
  return chooseWebSocket(imported, globalThis.WebSocket)
}

/**
 * Chooses from what a bundler made of the import, and what the platform has. (C-50)
 *
 * A bundler may put something else in the place of the class: the stub by which `ws` says that it does not work in
 * browsers, a namespace with the class in `default`, or nothing.
 */
export function chooseWebSocket(fromImport: unknown, fromPlatform: unknown): WebSocketClass {
  const found = classWithin(fromImport) ?? classWithin(fromPlatform)
  if (found) return found
  throw new Error(
    'this environment has no WebSocket. Set globalThis.WebSocket, or give the socket the option "transport".',
  )
}

function classWithin(value: unknown): WebSocketClass | null {
  if (isWebSocketClass(value)) return value
  const inner = defaultOf(value)
  if (isWebSocketClass(inner)) return inner
  // A CommonJS build of an ES module, imported as CommonJS by Node's rules.
  const innermost = defaultOf(inner)
  return isWebSocketClass(innermost) ? innermost : null
}

// Every WebSocket class has its states as constants; the stub of `ws` has none.
function isWebSocketClass(value: unknown): value is WebSocketClass {
  return typeof value === 'function' && 'CONNECTING' in value
}

function defaultOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'default' in value ? value.default : undefined
}
