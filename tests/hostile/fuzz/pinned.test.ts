import type { Frame } from '@rollcall/shared-protocol'
import { expect, test } from 'vitest'
import { DECODER_TARGETS } from './decoder-targets'
import { READER_TARGET } from './reader-target'
import { verdict } from './target'

/*
 * What the fuzzer has found, cut down, each with what went wrong. What it finds from now on is added here.
 */

const TARGETS = new Map([...DECODER_TARGETS, READER_TARGET].map((target) => [target.name, target]))

test.each<readonly [what: string, target: string, input: Frame]>([
  // A ref that is parsed as infinite was taken, and answered as null: the answer found nobody.
  ['a ref past every double', 'client-frames-rollcall', '["",1e309,"1","n",{}]'],
  ['a join_ref past every double', 'client-frames-rollcall', '[1e400,1,"8","o",{}]'],
  ['the same in V2', 'client-frames-phoenix-v2', '[1e400,1,"1","n",{"":["",null]}]'],
  ['the same in V1', 'client-frames-phoenix-v1', '{"topic":"l","event":"g","ref":1E999}'],
  ['the same in zzz', 'client-frames-zzz', '{"topic":"a","event":"8","":"","join_ref":1e400}'],
  ['the same in a post', 'longpoll-body', Buffer.from('[1e400,null,"1","e",{"":{}}]')],
])('[P-12] %s (%s)', (_what, name, input) => {
  const target = TARGETS.get(name)
  expect(target && verdict(target, input)).toBeNull()
})
