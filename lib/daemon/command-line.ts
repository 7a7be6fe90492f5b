import { parseArgs } from 'node:util'
import { Fault, fault } from '../internal/errors.ts'

/** Where a command writes: lines for who uses it, and lines about what went wrong. */
export interface Terminal {
  out(line: string): void
  err(line: string): void
}

interface OptionSpec {
  readonly type: 'string' | 'boolean'
  readonly default?: string | boolean
  /** What stands for the value in the help. */
  readonly value?: string
  readonly help: string
}
type OptionSpecs = Readonly<Record<string, OptionSpec>>

/** The options as given, or their defaults. */
export interface OptionValues {
  /** The text of an option; `bad_option` when it is needed and was not given. */
  text(name: string): string
  /** A whole number; `bad_option` for one that is out of these bounds. */
  integer(name: string, min: number, max: number): number
  /** One of these words; `bad_option` for another. */
  word<const W extends string>(name: string, words: readonly W[]): W
  has(name: string): boolean
}

export interface Command {
  /** The words that select it: `token create`. */
  readonly words: string
  /** Names of what follows the words, each of which has to be there. */
  readonly operands: readonly string[]
  readonly options: OptionSpecs
  readonly help: string
  /** Answers the exit code. A Fault is told to the user, with exit code 1. */
  run(values: OptionValues, operands: readonly string[], terminal: Terminal): Promise<number>
}

export interface Program {
  readonly name: string
  readonly version: string
  readonly purpose: string
  readonly commands: readonly Command[]
}

/** Exit code for a command line that cannot be understood. */
const USAGE_ERROR = 2

/**
 * Runs what the arguments ask for and answers the exit code: 0, 1 when the command failed, 2 when the arguments are
 * wrong. Coded errors are told in one line each; anything else is a defect and is thrown.
 */
export async function runCommandLine(program: Program, args: readonly string[], terminal: Terminal): Promise<number> {
  try {
    const first = args.find((arg) => !arg.startsWith('-'))
    if (first === undefined) return withoutCommand(program, args, terminal)
    const command = commandOf(program, args)
    const count = command.words.split(' ').length
    const { values, positionals } = parse(command, args.slice(count))
    if (values.help === true) {
      terminal.out(helpOf(program, command))
      return 0
    }
    checkOperands(command, positionals)
    return await command.run(new ParsedOptions(command, values), positionals, terminal)
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    terminal.err(`${program.name}: ${error.message}`)
    return error.code === 'bad_option' ? USAGE_ERROR : 1
  }
}

function withoutCommand(program: Program, args: readonly string[], terminal: Terminal): number {
  const [option] = args
  if (option === '--version' || option === '-v') terminal.out(program.version)
  else if (option === '--help' || option === '-h') terminal.out(overview(program))
  else if (option === undefined) throw fault('bad_option', `which command? ${names(program)}`)
  else throw fault('bad_option', `a command comes first, not ${option}`)
  return 0
}

function commandOf(program: Program, args: readonly string[]): Command {
  const found = program.commands.find(({ words }) => args.slice(0, words.split(' ').length).join(' ') === words)
  if (found !== undefined) return found
  const given = args.filter((arg) => !arg.startsWith('-')).join(' ')
  throw fault('bad_option', `there is no command '${given}', only ${names(program)}`)
}

function names({ commands }: Program): string {
  return commands.map(({ words }) => words).join(', ')
}

function parse(command: Command, args: readonly string[]) {
  const options = Object.fromEntries(Object.entries(command.options).map(([name, { type }]) => [name, { type }]))
  try {
    return parseArgs({
      args: [...args],
      options: { ...options, help: { type: 'boolean', short: 'h' } },
      allowPositionals: true,
    })
  } catch (error) {
    // Node adds lines about what it guesses was meant.
    const [what] = String(error instanceof Error ? error.message : error).split('\n')
    throw fault('bad_option', `${command.words}: ${what}`, { cause: error })
  }
}

function checkOperands({ words, operands }: Command, given: readonly string[]): void {
  if (given.length === operands.length) return
  const wanted = operands.length === 0 ? 'takes nothing but options' : `takes ${operands.join(' ')}`
  throw fault('bad_option', `${words} ${wanted}, not '${given.join(' ')}'`)
}

class ParsedOptions implements OptionValues {
  readonly #command: Command
  readonly #values: Readonly<Record<string, unknown>>

  constructor(command: Command, values: Readonly<Record<string, unknown>>) {
    this.#command = command
    this.#values = values
  }

  text(name: string): string {
    const value = this.#value(name)
    if (typeof value !== 'string' || value === '') throw this.#wrong(`needs --${name} ${this.#placeholder(name)}`)
    return value
  }

  integer(name: string, min: number, max: number): number {
    const text = this.text(name)
    const value = Number(text)
    if (!/^\d+$/.test(text) || value < min || value > max) {
      throw this.#wrong(`--${name} is a whole number from ${min} to ${max}, not '${text}'`)
    }
    return value
  }

  word<const W extends string>(name: string, words: readonly W[]): W {
    const text = this.text(name)
    const found = words.find((word) => word === text)
    if (found === undefined) throw this.#wrong(`--${name} is ${words.join(', ')}, not '${text}'`)
    return found
  }

  has(name: string): boolean {
    return this.#value(name) === true
  }

  #value(name: string): unknown {
    return this.#values[name] ?? this.#command.options[name]?.default
  }

  #placeholder(name: string): string {
    return this.#command.options[name]?.value ?? 'VALUE'
  }

  #wrong(what: string): Fault {
    return fault('bad_option', `${this.#command.words}: ${what}`)
  }
}

function usage({ words, operands, options }: Command): string {
  const shown = Object.entries(options).map(([name, { type, value }]) =>
    type === 'boolean' ? `[--${name}]` : `[--${name} ${value}]`,
  )
  return [words, ...operands, ...shown].join(' ')
}

function overview(program: Program): string {
  const width = Math.max(...program.commands.map(({ words, operands }) => [words, ...operands].join(' ').length))
  const lines = program.commands.map(({ words, operands, help }) => {
    return `  ${program.name} ${[words, ...operands].join(' ').padEnd(width)}  ${help}`
  })
  return [
    `${program.name} ${program.version}: ${program.purpose}`,
    '',
    ...lines,
    '',
    `${program.name} COMMAND --help tells a command's options. --version tells the version.`,
  ].join('\n')
}

function helpOf(program: Program, command: Command): string {
  const rows = Object.entries(command.options).map(([name, { type, value, help, ...rest }]) => {
    const fallback = rest.default === undefined || type === 'boolean' ? '' : ` (${rest.default} unless told otherwise)`
    return [type === 'boolean' ? `--${name}` : `--${name} ${value}`, `${help}${fallback}`] as const
  })
  const width = Math.max(0, ...rows.map(([left]) => left.length))
  return [
    `${program.name} ${usage(command)}`,
    '',
    command.help,
    '',
    ...rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`),
  ].join('\n')
}
