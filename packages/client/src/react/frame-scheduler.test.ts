import { afterEach, expect, test, vi } from 'vitest'
import type { Frames } from '../io/frames'
import { ChangeListeners } from '../listeners'
import { FrameScheduler, subscribePerFrame } from './frame-scheduler'

afterEach(() => vi.unstubAllGlobals())

function setUp() {
  const asked: (() => void)[] = []
  let isPainted = true
  const frames: Frames = {
    isVisible: () => isPainted,
    next(run) {
      asked.push(run)
      return () => void asked.splice(asked.indexOf(run), 1)
    },
  }
  const schedule = new FrameScheduler(frames)
  const heard: string[] = []
  const says = (word: string) => () => void heard.push(word)
  return {
    schedule,
    heard,
    says,
    asked,
    paint: () => {
      for (const run of asked.splice(0)) run()
    },
    hide: () => {
      isPainted = false
    },
  }
}

test('each is told once a frame, in the order in which they were added, for one request', () => {
  const { schedule, heard, says, asked, paint } = setUp()
  const [a, b] = [says('a'), says('b')]
  for (const listener of [a, b, a, a, b]) schedule.add(listener)
  expect([heard, asked.length]).toEqual([[], 1])
  paint()
  expect(heard).toEqual(['a', 'b'])
  paint()
  schedule.add(b)
  paint()
  expect(heard).toEqual(['a', 'b', 'b'])
})

test('where nothing is painted it is told at once', () => {
  const { schedule, heard, says, asked, hide } = setUp()
  hide()
  const a = says('a')
  schedule.add(a)
  schedule.add(a)
  expect([heard, asked.length]).toEqual([['a', 'a'], 0])
})

test('who is removed is not told, and the last one takes the request along', () => {
  const { schedule, heard, says, asked, paint } = setUp()
  const [a, b] = [says('a'), says('b')]
  schedule.add(a)
  schedule.add(b)
  schedule.remove(a)
  expect(asked).toHaveLength(1)
  schedule.remove(b)
  expect(asked).toHaveLength(0)
  schedule.add(b)
  paint()
  expect(heard).toEqual(['b'])
})

test('one that removes another while they are told is heeded', () => {
  const { schedule, heard, says, paint } = setUp()
  const b = says('b')
  schedule.add(() => schedule.remove(b))
  schedule.add(b)
  paint()
  expect(heard).toEqual([])
})

test('what changes while they are told is told with the next frame', () => {
  const { schedule, heard, asked, paint } = setUp()
  const again = () => {
    heard.push('again')
    if (heard.length === 1) schedule.add(again)
  }
  schedule.add(again)
  paint()
  expect([heard, asked.length]).toEqual([['again'], 1])
  paint()
  expect([heard, asked.length]).toEqual([['again', 'again'], 0])
})

test('one that throws stops no other', () => {
  const reported: unknown[] = []
  vi.stubGlobal('reportError', (error: unknown) => reported.push(error))
  const { schedule, heard, says, paint } = setUp()
  const broken = new Error('broken')
  schedule.add(() => {
    throw broken
  })
  schedule.add(says('b'))
  paint()
  expect([heard, reported]).toEqual([['b'], [broken]])
})

test('in Node, where there is no page, a subscription is told at once, and not after its end', () => {
  const source = new ChangeListeners()
  let count = 0
  const end = subscribePerFrame(source, () => {
    count += 1
  })
  source.notify()
  source.notify()
  expect(count).toBe(2)
  end()
  source.notify()
  expect(count).toBe(2)
})
