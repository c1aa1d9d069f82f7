/**
 * Replaces `isomorphic-ws` in every build but Node's (see tsup.config.ts). Those builds use the platform's WebSocket, and
 * contain no import that a bundler could resolve to a module of Node. (C-50)
 */
export default undefined
