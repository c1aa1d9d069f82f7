/**
 * Milliseconds for which one kind of work (reading, letting in, writing) may go on before the event loop has its turn,
 * where there is much of it.
 */
export const SLICE_MS = 10
