import { type ClientDialect, phoenixV2ClientDialect, rollcallClientDialect } from '@rollcall/shared-protocol'
import type { SocketDialect } from './options'

/** The dialect by the option's name. Past this line nobody asks which one it is, only what it can do. */
export const CLIENT_DIALECTS: Readonly<Record<SocketDialect, ClientDialect>> = {
  rollcall: rollcallClientDialect,
  phoenix: phoenixV2ClientDialect,
}
