import { open } from 'node:fs/promises'
import type { TextFile } from './host.ts'

/** A file of the real machine. Opening, writing and closing are done by Node's threads: no process waits for a disk. */
export async function openTextFile(path: string): Promise<TextFile> {
  const file = await open(path, 'w')
  return {
    append: (text) => file.appendFile(text),
    close: () => file.close(),
  }
}
