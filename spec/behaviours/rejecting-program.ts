import { createNode, loop, type Name } from '../../lib/index.ts'

/** A program with a node and a promise that is rejected and that nobody awaits, run as an OS process of its own. */
const [listens] = process.argv.slice(2)

const nobody: Name<{ call: { get(): void } }> = { name: 'nobody' }
const node = createNode({ reporter: () => {} })
const heard: unknown[] = []
if (listens !== undefined) process.on('unhandledRejection', (reason) => heard.push(reason))

const careless = node.spawn(
  loop(function () {
    void this.call(nobody, 'get')
  }, undefined),
)
node.send(careless, 'go')
await node.endOf(careless)
void Promise.reject(new Error('nobody of the library'))
setTimeout(() => process.stdout.write(`goes on, has heard of ${heard.length}\n`), 50)
