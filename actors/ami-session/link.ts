import { Context, Effect, Layer } from "effect"
import { Ami, AmiUnavailable } from "../../runtime/ami/ami.ts"
import type { AmiConnection } from "../../runtime/ami/connection.ts"

/**
 * The connection that the AMI session holds now. The session sets it; whoever sends actions goes through `Ami`,
 * which this makes. No action leaves before the login was answered.
 */
export class AmiLink extends Context.Service<
  AmiLink,
  {
    /** Milliseconds since the epoch of the last login; undefined while logged out. */
    readonly current: () => { readonly connection: AmiConnection; readonly since: number } | undefined
    readonly set: (connection: AmiConnection | undefined, now: number) => void
  }
>()("strowger/actors/ami-session/AmiLink") {
  static readonly layer = Layer.sync(AmiLink, () => {
    let held: { readonly connection: AmiConnection; readonly since: number } | undefined
    return {
      current: () => (held?.connection.isOpen() ? held : undefined),
      set: (connection, now) => {
        held = connection && { connection, since: now }
      }
    }
  })
}

/** Sends actions over the session's connection. */
export const amiLayer: Layer.Layer<Ami, never, AmiLink> = Layer.effect(
  Ami,
  Effect.map(AmiLink, (link) => ({
    send: (action) =>
      Effect.suspend(() => {
        const current = link.current()
        return current
          ? current.connection.send(action)
          : Effect.fail(new AmiUnavailable({ message: "no AMI session", sent: false }))
      }),
    up: () => link.current() !== undefined
  }))
)
