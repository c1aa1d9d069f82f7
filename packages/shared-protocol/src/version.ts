/** The WebSocket subprotocol that selects the native dialect. Its number changes when old clients could not go on. */
export const SUBPROTOCOL = 'rollcall.v1'

/**
 * Revision of the native wire within {@link SUBPROTOCOL}. Raise it with every change of a frame, however small;
 * `wire.test.ts` holds the golden frames against it.
 */
export const WIRE_REVISION = 2
