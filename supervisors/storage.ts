import { STORAGE, StorageService } from '../actors/storage.ts'
import { type ChildSpec, child } from '../lib/behaviours/index.ts'
import type { Storage } from '../lib/storage/port.ts'

/*
 * On the node that holds the storage, beside what else it runs:
 *
 *     └── storage     serves it to the other nodes
 */
export function storageChild(storage: Storage): ChildSpec {
  return child(StorageService, [storage], { name: STORAGE })
}
