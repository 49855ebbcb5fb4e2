import { Effect, type Scope } from "effect"
import type { Server } from "node:http"
import type { AddressInfo } from "node:net"

/** The port cannot be had; `message` says which and why. */
export class ListenFailed extends Error {
  readonly _tag = "ListenFailed"
}

/**
 * Listens until the scope closes; gives the port. The close stops accepting, lets open requests finish for at most
 * the drain time, in milliseconds, then closes what is left.
 */
export const listen = (
  server: Server,
  host: string,
  port: number,
  drainMillis: number
): Effect.Effect<number, ListenFailed, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.callback<number, ListenFailed>((resume) => {
      const onError = (error: Error) =>
        resume(Effect.fail(new ListenFailed(`Cannot listen on ${host}:${port}: ${error.message}`)))
      server.once("error", onError)
      server.listen(port, host, 1024, () => {
        server.off("error", onError)
        // A listening TCP server's address is an AddressInfo.
        resume(Effect.succeed((server.address() as AddressInfo).port))
      })
    }),
    () =>
      Effect.callback<void>((resume) => {
        const timer = setTimeout(() => server.closeAllConnections(), drainMillis)
        server.close(() => {
          clearTimeout(timer)
          resume(Effect.void)
        })
        server.closeIdleConnections()
      })
  )
