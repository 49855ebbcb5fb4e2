/** How many devices an address may bring within a minute. 0: any number. */
export const makeAutocreateRate = (mostAMinute: number) => {
  const minute = 60_000
  /** Of each address, when its last ones came. */
  const brought = new Map<string, ReadonlyArray<number>>()
  return {
    /** Whether one more may come now (milliseconds since the epoch); if so it counts. */
    admits: (address: string, now: number): boolean => {
      if (mostAMinute === 0) return true
      const recent = (brought.get(address) ?? []).filter((at) => at > now - minute)
      const isAdmitted = recent.length < mostAMinute
      brought.delete(address)
      brought.set(address, isAdmitted ? [...recent, now] : recent)
      // The eldest addresses come first: what is over is forgotten from there.
      for (const [other, times] of brought) {
        if ((times.at(-1) ?? 0) > now - minute) break
        brought.delete(other)
      }
      return isAdmitted
    }
  }
}
