/**
 * Takes the place of `isomorphic-ws` in every build but Node's (see tsup.config.ts): these use the platform's WebSocket,
 * and hold nothing that a bundler could resolve to a module of Node.
 */
export default undefined
