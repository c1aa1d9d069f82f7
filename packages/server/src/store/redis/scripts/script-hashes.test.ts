import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { PUBLISH } from '../topic-message'
import { ASSERT } from './assert'
import { COMMIT } from './commit'
import { ADOPT, REAP } from './holding'
import * as lease from './lease'
import * as session from './session'
import { COUNT, SNAPSHOT } from './snapshot'

const { FINISH, FORGET_TOPICS, HAND_OFF, LEAVE, RENEW, SWEEP, TOPICS, TOUCH, UNTOUCH } = lease
const { CLAIM, FORGET, READ_SESSION, SAVE } = session
const SCRIPTS = [
  ...[ADOPT, ASSERT, CLAIM, COMMIT, COUNT, FINISH, FORGET, FORGET_TOPICS, HAND_OFF, LEAVE, PUBLISH],
  ...[READ_SESSION, REAP, RENEW, SAVE, SNAPSHOT, SWEEP, TOPICS, TOUCH, UNTOUCH],
]

// During a rolling restart, nodes of two versions work on the same keys. Change a script only if both can.
test('scripts keep their text, so that nodes of two versions can share one Redis', () => {
  const hashes = SCRIPTS.map(({ name, source }) => [name, createHash('sha1').update(source).digest('hex')])
  expect(Object.fromEntries(hashes)).toMatchInlineSnapshot(`
    {
      "adopt": "9a8ac7cea664fd8e1d9eb2283754fb7fdd57bdb5",
      "assert": "fbc7530e1c46d1f4647edd9a24a34d0ff101dec7",
      "commit": "65103f0aa759d12fb143cd25d04964874b164a1b",
      "count": "1239783d90d636080ef69bd2f2516b79f0800aba",
      "finish": "d6c7a1f6f21870e343aac9c9f66560fcaf30dc44",
      "forget-topics": "b0d697da25b13e49157b2c214a4033546aba2104",
      "hand-over": "7c8558740d7b79454ae2372dfccd479431280e1f",
      "leave": "1e47337cf850e18b1d7c020b36c73226b97592de",
      "publish": "5c379545a990415081f92995177e3f1facfcc679",
      "reap": "afa61ee7b2d739d0e38118b36149eba922c5761d",
      "renew": "cca9db5ec3eb10147dc071c66bc1af277069ee10",
      "session-claim": "7c296bd6907c5dfcfec803d6eb9e3fe9d8fb9e94",
      "session-forget": "c021ce1d9962551574d41b11601493753a0b8ed7",
      "session-read": "22395e18bc5d4ea258c6280168ee9af912651557",
      "session-save": "8290ccf382323b289c636e6199197c670c346a2c",
      "snapshot": "82015cb35735efdff701e0fa1ee0c856e5d89cd2",
      "sweep": "999cf686c95b35c339f15b7ac460c60fe335e645",
      "topics": "afce101ffa5ec0751a544137c1e030ca385508a9",
      "touch": "f4d24541261242fd1be161c98c2e7d1a6910a6dc",
      "untouch": "01727bdb81fbb3a53e56f803420d118b776a4a8c",
    }
  `)
})
