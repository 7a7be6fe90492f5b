import { type Pid, samePid } from './pid.ts'

/**
 * The pids that a process is linked to. Most processes have one link, to their supervisor, so one is held bare and
 * only more of them in a map: `undefined`, a pid, or a map by key.
 */
export type Links = undefined | Pid | Map<number | string, Pid>

/** A key for `pid` in maps of the node with the address `home`; short for its own processes. */
export function keyOf(pid: Pid, home: object): number | string {
  return pid.address === home ? pid.id : pid.toString()
}

/** `home` is the address of the node that the set belongs to: its own pids have short keys. */
export function addLink(links: Links, pid: Pid, home: object): Links {
  if (links === undefined) return pid
  if (links instanceof Map) return links.set(keyOf(pid, home), pid)
  if (samePid(links, pid)) return links
  return new Map([
    [keyOf(links, home), links],
    [keyOf(pid, home), pid],
  ])
}

export function removeLink(links: Links, pid: Pid, home: object): Links {
  if (links instanceof Map) {
    links.delete(keyOf(pid, home))
    return links.size === 0 ? undefined : links
  }
  return links !== undefined && samePid(links, pid) ? undefined : links
}

export function hasLink(links: Links, pid: Pid, home: object): boolean {
  if (links === undefined) return false
  return links instanceof Map ? links.has(keyOf(pid, home)) : samePid(links, pid)
}

export function listLinks(links: Links): readonly Pid[] {
  if (links === undefined) return []
  return links instanceof Map ? [...links.values()] : [links]
}
