import { type Body, exit, type Pid } from '../../lib/index.ts'
import { tagged } from './harness/patterns.ts'
import type { Scenario } from './harness/scenario.ts'
import { list } from './harness/terms.ts'

/** process dictionary, process_info, flags. */
export const main: Scenario = async function (scn) {
  const { node } = this
  const [first, second, got] = [this.put('k', 1), this.put('k', 2), this.get('k')]
  scn.log(`put new -> ${first}, put again -> ${second}, get -> ${got}, get missing -> ${this.get('zz')}`)
  scn.log(`erase -> ${this.erase('k')}, erase missing -> ${this.erase('k')}`)
  this.put('k', 9)
  const p = this.spawn(function () {
    scn.log(`child sees parent's key: ${this.get('k')}`)
  })
  await scn.waitDown(this, p)
  const q = this.spawn(async function () {
    this.put('a', 1)
    await this.receive((message): message is 'stop' => message === 'stop')
  })
  await this.sleep(10)
  const [, dictionary] = node.processInfo(q, 'dictionary') ?? []
  scn.log(`other's dictionary: ${scn.fmt(['dictionary', list(dictionary ?? [])])}`)
  for (const i of [1, 2, 3]) this.send(q, ['m', i])
  await this.sleep(0) // process_info is answered by the other process, once it has looked at what came before
  const messages = list(node.processInfo(q, 'messages')?.[1] ?? [])
  const length = scn.fmt(node.processInfo(q, 'message_queue_len'))
  scn.log(`message_queue_len ${length} messages ${scn.fmt(['messages', messages])}`)
  const m = this.monitor(q)
  this.link(q)
  scn.name('q', q)
  const pids = (item: 'monitored_by' | 'links') => scn.fmt([item, list(node.processInfo(q, item)?.[1] ?? [])])
  scn.log(`monitored_by ${pids('monitored_by')} links ${pids('links')}`)
  scn.log(`my monitors ${scn.fmt(['monitors', list(node.processInfo(this.self, 'monitors')?.[1] ?? [])])}`)
  scn.log(`default item list: ${scn.fmt(list((node.processInfo(q) ?? []).map(([key]) => key)))}`)
  const item = (key: 'status' | 'trap_exit' | 'priority') => scn.fmt(node.processInfo(q, key))
  scn.log(`status ${item('status')} trap_exit ${item('trap_exit')} priority ${item('priority')}`)
  const isInteger = (key: 'reductions' | 'memory' | 'total_heap_size') =>
    Number.isInteger(node.processInfo(q, key)?.[1])
  scn.log(
    `types: reductions int ${isInteger('reductions')} memory int ${isInteger('memory')} ` +
      `total_heap_size int ${isInteger('total_heap_size')}`,
  )
  scn.log(`mailbox ${scn.fmt(node.processInfo(q, 'mailbox'))}; heaps are the JavaScript engine's`)
  scn.log(
    `multi-item: ${scn.fmt(list(node.processInfo(q, ['registered_name', 'trap_exit', 'message_queue_len']) ?? []))}`,
  )
  scn.log(`parent item: ${await scn.catching(() => node.processInfo(q, 'parent'))}`)
  scn.log(`bad item: ${await scn.catching(() => node.processInfo(q, 'nonsense' as never))}`)
  const before = this.processFlag('priority', 'high')
  scn.log(`process_flag(priority,high) -> ${before} then ${this.processFlag('priority', 'normal')}`)
  const offHeap = await scn.catching(() => this.processFlag('message_queue_data' as never, 'off_heap' as never))
  scn.log(`process_flag(message_queue_data,off_heap) -> ${offHeap}`)
  scn.log(`process_flag(bad) -> ${await scn.catching(() => this.processFlag('nope' as never, 1 as never))}`)
  this.demonitor(m, { flush: true })
  this.unlink(q)
  this.exit(q, 'kill')
  const h = this.spawn(() => exit(Array.from({ length: 1_000_000 }, (_, i) => i).length > 5000 ? 'normal' : 'short'))
  scn.log(`without a max_heap_size -> ${scn.fmt(await scn.waitDown(this, h))}`)
  const me = this.self
  const g = this.groupLeader()
  const child: Body<[Pid, Pid]> = function (to, leader) {
    this.send(to, ['gl', this.groupLeader() === leader])
  }
  this.spawn(child, me, g)
  const [, b] = await this.receive(tagged<boolean>('gl'))
  scn.log(`group_leader inherited: ${b}`)
}
