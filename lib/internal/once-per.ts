/** Gives each object one value, made when it is first asked for and kept as long as the object lives. */
export function oncePer<K extends WeakKey, V extends object | number>(make: (key: K) => V): (key: K) => V {
  const made = new WeakMap<K, V>()
  return (key) => {
    let value = made.get(key)
    if (value === undefined) {
      value = make(key)
      made.set(key, value)
    }
    return value
  }
}
