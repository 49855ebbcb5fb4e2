import { Context, Layer } from "effect"

/** Why supervisors logged agents off, for as long as those stay off. Kept in memory. */
export class LogoffReasons extends Context.Service<
  LogoffReasons,
  {
    /** `loggedOffAt`, in milliseconds since the epoch, says which logoff it was. */
    readonly put: (agentId: number, loggedOffAt: number | null, reason: string) => void
    readonly of: (agentId: number, loggedOffAt: number | null) => string | null
  }
>()("strowger/actors/supervisor/LogoffReasons") {
  static readonly layer = Layer.sync(LogoffReasons, () => {
    const reasons = new Map<number, { readonly loggedOffAt: number | null; readonly reason: string }>()
    return {
      put: (agentId, loggedOffAt, reason) => void reasons.set(agentId, { loggedOffAt, reason }),
      of: (agentId, loggedOffAt) => {
        const known = reasons.get(agentId)
        return known?.loggedOffAt === loggedOffAt ? (known?.reason ?? null) : null
      }
    }
  })
}
