import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { NoCatch } from '../../lib/index.ts'
import { beamOnlyOf, differences, folder, runAll, scenarios } from './harness/compare.ts'
import { asOtp26 } from './harness/otp26.ts'
import { print } from './harness/printer.ts'
import { traceOf } from './harness/scenario.ts'
import { charlist, list } from './harness/terms.ts'

t.test('each scenario prints what the BEAM printed', async (t) => {
  for (const { name, identical, difference } of await runAll('virtual')) t.ok(identical, name, { difference })
})

t.test('each scenario stands beside its original and its recording', async (t) => {
  for (const name of scenarios()) {
    const original = name.startsWith('e') ? 'exs' : 'erl'
    for (const extension of ['ts', original, 'out']) {
      t.ok(existsSync(join(folder, `${name}.${extension}`)), `${name}.${extension}`)
    }
  }
})

t.test('at most 40 lines of all recordings are left out as possible on the BEAM only', async (t) => {
  const listed = readdirSync(folder).filter((file) => file.endsWith('.beam-only'))
  const names = listed.map((file) => file.slice(0, -'.beam-only'.length))
  t.strictSame(
    names.filter((name) => !scenarios().includes(name)),
    [],
    'each belongs to a scenario',
  )
  t.ok(names.flatMap(beamOnlyOf).length <= 40)
  t.ok(
    names.every((name) => beamOnlyOf(name).every(({ line }, i, all) => line > (all[i - 1]?.line ?? 0))),
    'in order',
  )
})

t.test('what is expected of OTP 26 is the recording under the two rules of otp26.ts', async (t) => {
  const newer = readdirSync(folder).filter((file) => file.endsWith('.otp26.out'))
  t.strictSame(newer, [
    's20_gs_init_returns.otp26.out',
    's47_sup_start_failure.otp26.out',
    's65_statem_init_and_misc.otp26.out',
  ])
  for (const name of scenarios()) {
    const recording = readFileSync(join(folder, `${name}.out`), 'utf8')
    const file = `${name}.otp26.out`
    const expected = newer.includes(file) ? readFileSync(join(folder, file), 'utf8') : recording
    t.equal(asOtp26(recording), expected, file)
  }
})

t.test('a trace that differs is told, and where', async (t) => {
  const printed = await traceOf(async (scn) => {
    scn.log('one')
    scn.log('three')
    scn.log('four')
  }, 'virtual')
  t.equal(printed, 'one\nthree\nfour\n')
  t.strictSame(differences('one\ntwo\nfour\n', printed), ['2 - two', '2 + three'])
  const left = { line: 2, reason: 'a heap' }
  t.strictSame(differences('one\ntwo\nfour\n', printed, [left]), [])
  t.strictSame(differences(printed, printed, [left]), ['2 = listed as BEAM-only, and the same'])
  t.strictSame(differences('one\nthree\n', printed), ['3 - ', '3 + four', '4 + '])
})

t.test('a scenario that crashes, and one that never ends, say so', async (t) => {
  const crashed = await traceOf(async () => {
    throw new Error('oops')
  }, 'virtual')
  t.equal(crashed, 'main exited: {oops,<stack>}\n')
  const endless = await traceOf(() => new Promise(() => {}), 'virtual')
  t.equal(endless, 'SCENARIO TIMEOUT\n')
})

t.test('terms are printed as by ~0tp', async (t) => {
  const printed: readonly (readonly [unknown, string])[] = [
    ['ok', 'ok'],
    ['a#1', "'a#1'"],
    ['DOWN', "'DOWN'"],
    ['and', "'and'"],
    ["it's", "'it\\'s'"],
    ['node@some.where', 'node@host'],
    [['ok', 1, true, undefined], '{ok,1,true,undefined}'],
    [list(['a', ['b']]), '[a,{b}]'],
    [list([1, 2]), '[1,2]'],
    [list([]), '[]'],
    [charlist('say "hi"'), '"say \\"hi\\""'],
    [{ type: 'worker', id: 'k' }, '#{id => k,type => worker}'],
    [new NoCatch('ball'), '{{nocatch,ball},<stack>}'],
    [() => 1, '<fun>'],
    [['noproc', ['gen_server', 'call', ['s', 'x']]], '{noproc,{gen_server,call,[s,x]}}'],
  ]
  for (const [term, text] of printed) t.equal(print(term, String), text)
})
