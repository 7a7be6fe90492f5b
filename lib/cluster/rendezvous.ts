import { fault } from '../internal/errors.ts'

/**
 * Rendezvous hashing (Thaler and Ravishankar, 1998): every node weighs every key, and the heaviest has it. All who know
 * the same nodes agree without talking; a node that is taken away gives up its own keys only, evenly to the others.
 *
 *     key    a@h  b@h  c@h
 *     g1      17   80   31    -> b@h
 *     g2      95   12   40    -> a@h
 */
export function rendezvous(nodes: readonly string[], key: string): string {
  let winner: string | undefined
  let heaviest = -1
  for (const node of nodes) {
    const weight = weigh(node, key)
    // Equal weights must not depend on the order of the list.
    if (weight > heaviest || (weight === heaviest && node > winner!)) {
      winner = node
      heaviest = weight
    }
  }
  if (winner === undefined) throw fault('badarg', 'a key is placed among one node or more')
  return winner
}

/** FNV-1a over both texts, finished with MurmurHash3's mixer: FNV alone leaves similar names with similar weights. */
function weigh(node: string, key: string): number {
  let hash = 0x811c9dc5
  for (const text of [node, '\0', key]) {
    for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
