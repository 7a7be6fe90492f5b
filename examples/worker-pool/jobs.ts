/** What the example runs in worker threads: functions that compute. */

/** The number of primes below `bound`. */
export function countPrimes(bound: number): number {
  let count = 0
  for (let n = 2; n < bound; n++) if (isPrime(n)) count++
  return count
}

function isPrime(n: number): boolean {
  for (let divisor = 2; divisor * divisor <= n; divisor++) if (n % divisor === 0) return false
  return true
}

export function neverEnds(): never {
  for (;;);
}

/** Ends the thread, as a defect of a native module would. */
export function crash(): never {
  process.exit(7)
}
