import { Worker } from 'node:worker_threads'
import { type Fault, fault } from '../../internal/errors.ts'
import { describe, type Reason, reasonOf } from '../../kernel/exit.ts'

/** A function that a module exports, by its name: what can be run in another thread, where no closure can follow. */
export interface ModuleFunction {
  /** `new URL('./hash.js', import.meta.url)`: a file that the Node.js of this OS process can import. */
  readonly module: URL
  readonly function: string
}

/** A call of such a function; it can travel to another thread, or another node. */
export interface Job {
  readonly module: string
  readonly function: string
  readonly args: readonly unknown[]
}

/** What came of a job: what the function returned, or what it threw. */
export type JobResult = readonly ['ok', unknown] | readonly ['error', unknown]

/**
 * `args` that are left out are none.
 * @throws Fault `badarg` for what is no function of a module, and for arguments that are no array.
 */
export function jobOf(target: ModuleFunction, args: readonly unknown[] = []): Job {
  const { module, function: name } = Object(target) as ModuleFunction
  if (!(module instanceof URL)) throw fault('badarg', 'module is a URL: new URL("./file.js", import.meta.url)')
  if (typeof name !== 'string') throw fault('badarg', 'function is the name of a function that the module exports')
  if (!Array.isArray(args)) throw fault('badarg', `the arguments of ${name} are an array, not ${describe(args)}`)
  return { module: module.href, function: name, args }
}

/**
 * What runs inside a thread. It is a text, not a file, so that it is there wherever this module is, bundled too, and
 * needs no loader. A module is imported once a thread; what it keeps between two calls is its own affair.
 */
const PROGRAM = `
  const { parentPort } = require('node:worker_threads')
  parentPort.on('message', async (job) => {
    let answer
    try {
      const run = (await import(job.module))[job.function]
      answer = typeof run === 'function' ? ['ok', await run(...job.args)] : ['undef']
    } catch (thrown) {
      answer = ['error', thrown]
    }
    try {
      parentPort.postMessage(answer)
    } catch (refused) {
      parentPort.postMessage(['uncloneable', refused.message])
    }
  })
`

type Answer = JobResult | readonly ['undef'] | readonly ['uncloneable', string]

interface Pending {
  readonly job: Job
  resolve(result: JobResult): void
  reject(reason: unknown): void
}

/**
 * A thread that runs jobs, one at a time: the one place where threads enter. It is a resource, which a process owns:
 * when the process ends, the thread is stopped, even in a loop without end. A thread without a job does not keep the OS
 * process alive.
 */
export class WorkerThread implements AsyncDisposable {
  readonly #worker: Worker
  readonly #ended: (reason: Reason) => void
  #pending: Pending | undefined

  /** `ended` is called when the thread ends by itself while it has no job. */
  constructor(ended: (reason: Reason) => void) {
    this.#ended = ended
    this.#worker = new Worker(PROGRAM, { eval: true })
    this.#worker.unref()
    this.#worker.on('message', (answer: Answer) => this.#answered(answer))
    this.#worker.on('messageerror', (error) => this.#answered(['uncloneable', error.message]))
    this.#worker.on('error', (thrown) => this.#end(reasonOf(thrown)))
    this.#worker.on('exit', (code) => this.#end(fault('thread_exited', `with code ${code}`)))
  }

  /**
   * Runs `job` and resolves with what came of it. Rejects when the thread ends meanwhile, with the reason: an error
   * that nobody caught, no memory left, or the Fault `thread_exited`.
   */
  run(job: Job): Promise<JobResult> {
    return new Promise((resolve, reject) => {
      this.#pending = { job, resolve, reject }
      this.#worker.ref()
      try {
        this.#worker.postMessage(job)
      } catch (refused) {
        this.#answered(['uncloneable', refused instanceof Error ? refused.message : String(refused)])
      }
    })
  }

  #answered(answer: Answer): void {
    const pending = this.#pending
    this.#pending = undefined
    this.#worker.unref()
    pending?.resolve(isResult(answer) ? answer : ['error', faultOf(answer, pending.job)])
  }

  #end(reason: Reason): void {
    const pending = this.#pending
    this.#pending = undefined
    this.#worker.removeAllListeners()
    if (pending === undefined) this.#ended(reason)
    else pending.reject(reason)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate()
  }
}

function isResult(answer: Answer): answer is JobResult {
  return answer[0] === 'ok' || answer[0] === 'error'
}

function faultOf(answer: Exclude<Answer, JobResult>, job: Job): Fault {
  if (answer[0] === 'undef') return fault('undef', `${job.module} exports no function ${job.function}`)
  return fault('uncloneable', answer[1])
}
