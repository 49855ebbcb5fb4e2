/** What goes wrong with an action. */
export type Fault =
  /** It is carried out and never answered. */
  | { readonly kind: "mute" }
  /** It is carried out at once and answered that many seconds later; other actions overtake it. */
  | { readonly kind: "delay"; readonly seconds: number }
  /** It is carried out once and answered twice. */
  | { readonly kind: "answer-twice" }
  /** The connection is closed; nothing was done. */
  | { readonly kind: "close-before-effect" }
  /** It is carried out, then the connection is closed without an answer. */
  | { readonly kind: "close-after-effect" }
  /** Nothing is done, and `Response: Error` says this. */
  | { readonly kind: "error"; readonly message: string }

/** The faults to come, by action. */
export interface Faults {
  /** The next `times` actions of that name (default: all) go wrong so; undefined ends it. */
  readonly set: (action: string, fault: Fault | undefined, times?: number) => void
  readonly clear: () => void
  /** The fault of an action that has just come. */
  readonly take: (action: string) => Fault | undefined
}

export const makeFaults = (): Faults => {
  const faults = new Map<string, { readonly fault: Fault; left: number }>()
  return {
    set: (action, fault, times = Number.POSITIVE_INFINITY) => {
      if (fault === undefined) faults.delete(action.toLowerCase())
      else faults.set(action.toLowerCase(), { fault, left: times })
    },
    clear: () => faults.clear(),
    take: (action) => {
      const found = faults.get(action.toLowerCase())
      if (found === undefined || found.left <= 0) return undefined
      found.left--
      return found.fault
    }
  }
}
