/** A mutant that changes nothing that anybody could see, so that no test can notice it. */
export interface EquivalentMutant {
  /** Path of the source file. */
  readonly file: string
  /** The first line that StrykerJS changed, as `npm run stryker` prints it. */
  readonly line: string
  /** The same line as StrykerJS left it. */
  readonly becomes: string
  /** Why nobody can see the difference. */
  readonly reason: string
}

/** `line` in each of several ways, for one reason. */
const all = (file: string, reason: string, line: string, ...becoming: string[]): EquivalentMutant[] =>
  becoming.map((becomes) => ({ file, line, becomes, reason }))

const client = 'packages/client/src'
const address = 'packages/server/src/admission/address.ts'
const clientAddress = 'packages/server/src/admission/client-address.ts'
const holders = 'packages/server/src/store/redis/presence-holders.ts'
const throttle = 'packages/server/src/connection/message-limiter.ts'
const message = 'packages/server/src/store/redis/topic-message.ts'
const ownRecords = 'packages/server/src/store/redis/own-records.ts'
const history = 'packages/server/src/presence/history.ts'
const origins = 'packages/server/src/admission/origins.ts'
const pendingSockets = 'packages/server/src/io/pending-sockets.ts'
const seats = 'packages/server/src/admission/connection-slots.ts'
const presenceSet = 'packages/shared-protocol/src/presence/presence-set.ts'
const phoenixPresences = 'packages/shared-protocol/src/presence/phoenix-presences.ts'

export const equivalentMutants: readonly EquivalentMutant[] = [
  ...all(
    `${client}/channel/channel-machine.ts`,
    'Without a connection nothing else of the context is read; the rest is for the compiler.',
    'const step = finishLeave(state, { ...context, isConnected: false })',
    'const step = finishLeave(state, {})',
  ),
  ...all(
    `${client}/presence/own-presence-machine.ts`,
    'A state that is ready has nothing pending; the check is for the compiler.',
    "const pending = pendingOf(wanted, state.name === 'throttled' ? state.pending : null)",
    'const pending = pendingOf(wanted, true ? state.pending : null)',
  ),
  ...all(
    `${client}/connection/connection-transitions.ts`,
    'A connection that is not open has no time at which it opened, and nothing is as long as that; the check is for the compiler.',
    "const isProven = state.name === 'open' && now - state.openedAt >= PROVEN_AFTER_MS",
    'const isProven = true && now - state.openedAt >= PROVEN_AFTER_MS',
  ),
  ...all(
    presenceSet,
    'The index names only refs that the map holds; the check is for the compiler.',
    'if (held) presences.push(held)',
    'if (true) presences.push(held)',
  ),
  ...all(
    presenceSet,
    'Speed alone: a step of many changes tells the same of one, only slower.',
    'const step = joins.length + updates.length + leaves.length === 1 ? new SingleChange<M>() : new NetChanges<M>()',
    'const step = false ? new SingleChange<M>() : new NetChanges<M>()',
  ),
  ...all(
    presenceSet,
    'Speed alone: comparing a state that names no ref twice with a set that holds nobody tells the same, only slower.',
    'if (this.#byRef.size === 0) return this.#fill(presences)',
    'if (false) return this.#fill(presences)',
  ),
  ...all(
    presenceSet,
    'Speed alone: putting keys of one presence in order changes nothing.',
    'if (this.#byKey.size < this.#byRef.size) for (const [ref, key] of kept) this.#byKey.moveLast(key, ref)',
    'if (true) for (const [ref, key] of kept) this.#byKey.moveLast(key, ref)',
    'if (this.#byKey.size <= this.#byRef.size) for (const [ref, key] of kept) this.#byKey.moveLast(key, ref)',
  ),
  ...all(
    phoenixPresences,
    'No presence goes by undefined; the check is for the compiler.',
    'if (id === undefined) return undefined',
    'if (false) return undefined',
  ),
  ...all(
    phoenixPresences,
    'A text in the place of an entry has no key, and one without a key is passed over.',
    'return presence ? [[id, presence] as const] : []',
    'return presence ? [[id, presence] as const] : ["Stryker was here"]',
  ),
  ...all(
    phoenixPresences,
    'No two fields of an object have one name, and any order will do that is always the same.',
    'return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))',
    'return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a <= b ? -1 : 1)))',
    'return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a >= b ? -1 : 1)))',
  ),
  ...all(
    history,
    'A diff is dropped only while there are bytes of one; the check is for the compiler.',
    'return this.#diffs.shift()?.bytes ?? 0',
    'return this.#diffs.shift().bytes ?? 0',
  ),
  ...all(
    throttle,
    'Its timer runs only while something is kept; the checks are for the compiler.',
    'const update = this.#coalescer?.shift()',
    'const update = this.#coalescer.shift()',
  ),
  ...all(
    throttle,
    'Its timer runs only while something is kept; the checks are for the compiler.',
    'if (update) this.#events.onDue(update)',
    'if (true) this.#events.onDue(update)',
  ),
  ...all(
    throttle,
    'A rate that is false has room for everything, so that nobody is told of it; the check is for the compiler.',
    'const perSecond = rate === false ? 0 : rate.perSecond * times',
    'const perSecond = false ? 0 : rate.perSecond * times',
    'const perSecond = rate === true ? 0 : rate.perSecond * times',
  ),
  ...all(message, 'What cannot be read stays undefined, which is no object.', '} catch {', '} catch {}'),
  ...all(
    ownRecords,
    'An owner of a record has topics until its last one goes; the question mark is for the compiler.',
    'topics?.delete(topic)',
    'topics.delete(topic)',
  ),
  ...all(
    ownRecords,
    'An owner of a record has topics until its last one goes; the question mark is for the compiler.',
    'if (topics?.size === 0) this.#byOwner.delete(held.owner)',
    'if (topics.size === 0) this.#byOwner.delete(held.owner)',
  ),
  ...all(
    ownRecords,
    'A topic in which nothing is held has nothing to drop.',
    'for (const topic of [...(this.#byOwner.get(owner) ?? [])]) {',
    'for (const topic of [...(this.#byOwner.get(owner) ?? ["Stryker was here"])]) {',
  ),
  ...all(
    holders,
    'Speed alone: without a presence of a former id nothing is renamed.',
    'if (!former.some((id) => this.#counts.has(id))) return',
    'if (false) return',
  ),
  ...all(
    holders,
    'Nothing is held of, or counted for, a presence that is not there.',
    'if (node === undefined) return',
    'if (false) return',
  ),
  ...all(
    address,
    'A text that is split has a first part; the default is for the compiler.',
    "const [head = '', tail] = address.split('::')",
    'const [head = "Stryker was here!", tail] = address.split(\'::\')',
  ),
  ...all(
    address,
    'Speed alone: an IPv4 address has no sixth group and no letter, so that it comes out as it is.',
    'return version === 4 ? address : (mappedIPv4(groupsOf(address)) ?? address.toLowerCase())',
    'return false ? address : (mappedIPv4(groupsOf(address)) ?? address.toLowerCase())',
  ),
  ...all(
    clientAddress,
    'Any text that is no address counts as the empty one.',
    "return plainAddress(request.socket.remoteAddress ?? '')",
    'return plainAddress(request.socket.remoteAddress ?? "Stryker was here!")',
  ),
  ...all(
    clientAddress,
    'Any text that is no address counts as the empty one.',
    "const plain = plainAddress(address ?? '')",
    'const plain = plainAddress(address ?? "Stryker was here!")',
  ),
  ...all(
    origins,
    'An origin that matches has a scheme and a host, and one that does not match is null; the defaults are for the compiler.',
    "const [whole, scheme = '', host = '', port = ''] = ORIGIN.exec(text.toLowerCase()) ?? []",
    "const [whole, scheme = \"Stryker was here!\", host = '', port = ''] = ORIGIN.exec(text.toLowerCase()) ?? []",
    "const [whole, scheme = '', host = \"Stryker was here!\", port = ''] = ORIGIN.exec(text.toLowerCase()) ?? []",
  ),
  ...all(
    pendingSockets,
    'No set is kept for null or undefined, so that none is found; the check is for the compiler.',
    "if (typeof address !== 'string') return",
    'if (false) return',
  ),
  ...all(
    pendingSockets,
    'The set of an address is there for as long as it has a socket; the question mark is for the compiler.',
    'own?.delete(socket)',
    'own.delete(socket)',
  ),
  ...all(
    pendingSockets,
    'The set of an address is there for as long as it has a socket; the question mark is for the compiler.',
    'if (own?.size === 0) this.#ofAddress.delete(address)',
    'if (own.size === 0) this.#ofAddress.delete(address)',
  ),
  ...all(
    seats,
    'Nothing is counted under null, and at least one of each may come, so that null is never refused.',
    'const refusal = identity === null ? null : this.#seats.refusalOf(identity)',
    'const refusal = false ? null : this.#seats.refusalOf(identity)',
  ),
  ...all(
    seats,
    'Nothing is counted under null, and at least one of each may come, so that null is never refused.',
    'const refusal = address === null ? null : this.#refusalOfAddress(address, nowMs)',
    'const refusal = false ? null : this.#refusalOfAddress(address, nowMs)',
  ),
  ...all(
    seats,
    'A phase that is neither pending nor free is taken, whatever its name.',
    "this.#phase = 'taken'",
    'this.#phase = ""',
  ),
  ...all(
    seats,
    'Nothing is counted under null, so that nothing is removed; the check is for the compiler.',
    'if (address !== null) this.#ofAddress.remove(address)',
    'if (true) this.#ofAddress.remove(address)',
  ),
  ...all(
    seats,
    'Nothing is counted under null, so that nothing is removed; the check is for the compiler.',
    'if (identity !== null) this.#ofIdentity.remove(identity)',
    'if (true) this.#ofIdentity.remove(identity)',
  ),
  ...all(
    seats,
    'Nothing is counted under null, so that nothing is removed; the check is for the compiler.',
    'if (address !== null) this.#pendingOfAddress.remove(address)',
    'if (true) this.#pendingOfAddress.remove(address)',
  ),
  ...all(
    'packages/server/src/collections.ts',
    'Memory alone: the first entry then stands in the table too.',
    'if (key === this.#key || this.size === 0) {',
    'if (false) {',
    'if (key === this.#key && this.size === 0) {',
    'if (key === this.#key || false) {',
    'if (key === this.#key || this.size === 0) {}',
  ),
]
