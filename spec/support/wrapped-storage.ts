import type { Storage } from '../../lib/storage/index.ts'

type AnyOperation = (...args: readonly unknown[]) => Promise<unknown>

/** A storage each of whose operations goes through `around`, which may count it, hold it up, fail it or run it. */
export function wrapStorage(
  storage: Storage,
  around: (operation: keyof Storage, args: readonly unknown[], run: () => Promise<unknown>) => Promise<unknown>,
): Storage {
  return new Proxy(storage, {
    get(target, name: keyof Storage) {
      const operation = target[name] as AnyOperation
      return (...args: readonly unknown[]) => around(name, args, () => operation.apply(target, [...args]))
    },
  })
}
