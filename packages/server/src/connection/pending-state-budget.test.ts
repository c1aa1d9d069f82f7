import { expect, test } from 'vitest'
import { guestAccount, identityAccount } from '../identity/account'
import { PendingStateBudget } from './pending-state-budget'

const waiter = () => {
  const told: string[] = []
  return { told, onStateSpace: () => void told.push('room') }
}

test('[S-49] an account has space while less than the limit waits, and other accounts have theirs', () => {
  const budget = new PendingStateBudget(100, 8)
  budget.change('ada', 99)
  expect(budget.hasSpace('ada')).toBe(true)
  budget.change('ada', 500)
  expect([budget.hasSpace('ada'), budget.hasSpace('bob')]).toEqual([false, true])
  budget.change('ada', -499)
  expect([budget.hasSpace('ada'), budget.size]).toEqual([false, 1])
  budget.change('ada', -1)
  expect(budget.hasSpace('ada')).toBe(true)
  budget.change('ada', -99)
  expect(budget.size).toBe(0)
})

test('[S-49] a listener is called once when there is space, and not after it was removed', () => {
  const budget = new PendingStateBudget(100, 8)
  const [stays, gone] = [waiter(), waiter()]
  budget.change('ada', 150)
  budget.waitForSpace('ada', stays)
  budget.waitForSpace('ada', gone)
  budget.forget('ada', gone)
  budget.change('ada', -50)
  expect(stays.told).toEqual([])
  budget.change('ada', -1)
  expect([stays.told, gone.told]).toEqual([['room'], []])
  budget.change('ada', -99)
  expect(stays.told).toEqual(['room'])
})

test('[S-96] a guest’s connection counts its share at most, an identity’s everything that waits', () => {
  const budget = new PendingStateBudget(800, 8)
  const counted = (account: string) =>
    [0, 99, 100, 101, 5000].map((bytes) => budget.countedBytes(account, bytes))
  expect(counted(guestAccount('192.0.2.7'))).toEqual([0, 99, 100, 100, 100])
  expect(counted(identityAccount('ada'))).toEqual([0, 99, 100, 101, 5000])
})
