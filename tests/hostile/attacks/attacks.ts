import { attack as afterGoodbye } from './after-goodbye'
import { attack as algNone } from './alg-none'
import type { Attack } from './attack'
import { attack as brokenFrames } from './broken-frames'
import { attack as capacityHoard } from './capacity-hoard'
import { attack as compressionBomb } from './compression-bomb'
import { attack as dearHeaders } from './dear-headers'
import { attack as dearRequests } from './dear-requests'
import { attack as deepJson } from './deep-json'
import { attack as expectFlood } from './expect-flood'
import { attack as expiredToken } from './expired-token'
import { attack as failingHandlers } from './failing-handlers'
import { attack as floodWithoutEnd } from './flood-without-end'
import { attack as foreignOrigin } from './foreign-origin'
import { attack as forgedAddress } from './forged-address'
import { attack as forgedPresence } from './forged-presence'
import { attack as forgedSession } from './forged-session'
import { attack as fragmentFlood } from './fragment-flood'
import { attack as guestsOfOneNetwork } from './guests-of-one-network'
import { attack as halfOpen } from './half-open'
import { attack as handshakeFlood } from './handshake-flood'
import { attack as handshakeLimit } from './handshake-limit'
import { attack as headerFlood } from './header-flood'
import { attack as heavyMessages } from './heavy-messages'
import { attack as hugeNumbers } from './huge-numbers'
import { attack as idleBytes } from './idle-bytes'
import { attack as invalidUtf8 } from './invalid-utf8'
import { attack as joinFlood } from './join-flood'
import { attack as largeFrame } from './large-frame'
import { attack as loneSurrogates } from './lone-surrogates'
import { attack as longPollTheft } from './long-poll-theft'
import { attack as manyConnections } from './many-connections'
import { attack as manyJoins } from './many-joins'
import { attack as manyKeys } from './many-keys'
import { attack as manyOfOneAddress } from './many-of-one-address'
import { attack as manyOfOneIdentity } from './many-of-one-identity'
import { attack as messageFlood } from './message-flood'
import { attack as newlinePosts } from './newline-posts'
import { attack as noToken } from './no-token'
import { attack as oddNames } from './odd-names'
import { attack as oddRanges } from './odd-ranges'
import { attack as othersNames } from './others-names'
import { attack as pipelineRest } from './pipeline-rest'
import { attack as prototypeNames } from './prototype-names'
import { attack as pushWithoutJoin } from './push-without-join'
import { attack as readOnly } from './read-only'
import { attack as refreshAsOther } from './refresh-as-other'
import { attack as refreshFlood } from './refresh-flood'
import { attack as slowHandshake } from './slow-handshake'
import { attack as slowReader } from './slow-reader'
import { attack as stolenSession } from './stolen-session'
import { attack as tinyChunks } from './tiny-chunks'
import { attack as tokenRunsOut } from './token-runs-out'
import { attack as twiceNamed } from './twice-named'
import { attack as twoAnswers } from './two-answers'
import { attack as unansweredUpgrades } from './unanswered-upgrades'
import { attack as unreadAnswers } from './unread-answers'
import { attack as unreadPages } from './unread-pages'
import { attack as unreadPolls } from './unread-polls'
import { attack as unreadStates } from './unread-states'
import { attack as updateFlood } from './update-flood'
import { attack as upgradeBehindPoll } from './upgrade-behind-poll'
import { attack as widePatch } from './wide-patch'
import { attack as wrongSignature } from './wrong-signature'

/** All of them: who it is, what may be done, how much of it, and what is no protocol. */
export const ATTACKS: readonly Attack[] = [
  noToken,
  wrongSignature,
  algNone,
  expiredToken,
  tokenRunsOut,
  refreshAsOther,
  forgedSession,
  stolenSession,
  othersNames,
  forgedPresence,
  pushWithoutJoin,
  readOnly,
  foreignOrigin,
  longPollTheft,
  manyOfOneAddress,
  forgedAddress,
  guestsOfOneNetwork,
  manyOfOneIdentity,
  manyJoins,
  capacityHoard,
  messageFlood,
  heavyMessages,
  idleBytes,
  manyConnections,
  joinFlood,
  updateFlood,
  widePatch,
  refreshFlood,
  floodWithoutEnd,
  newlinePosts,
  handshakeFlood,
  handshakeLimit,
  largeFrame,
  deepJson,
  manyKeys,
  invalidUtf8,
  oddNames,
  hugeNumbers,
  twiceNamed,
  prototypeNames,
  loneSurrogates,
  compressionBomb,
  slowHandshake,
  headerFlood,
  dearHeaders,
  dearRequests,
  expectFlood,
  pipelineRest,
  tinyChunks,
  halfOpen,
  unansweredUpgrades,
  upgradeBehindPoll,
  twoAnswers,
  oddRanges,
  unreadPages,
  slowReader,
  unreadPolls,
  unreadStates,
  unreadAnswers,
  brokenFrames,
  afterGoodbye,
  fragmentFlood,
  failingHandlers,
]
