'use client'

export { RollcallProvider, type RollcallProviderProps, useSocket } from './provider'
export { type ChannelHandle, useChannel, useChannelEvent } from './use-channel'
export { useConnection, useRetryCountdown } from './use-connection'
export { usePresence, usePresenceEntry } from './use-presence'
