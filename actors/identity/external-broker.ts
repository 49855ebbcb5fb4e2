import { Data, Effect, Schedule } from "effect"
import { WebSocket } from "ws"

/** The broker closed or refused the socket. */
class BrokerLost extends Data.TaggedError("BrokerLost")<{}> {}

/** Largest frame of a broker: the parameters of one redirect. */
const maxFrame = 64 * 1024

/**
 * Waits at the broker for what a browser brought back from a provider: the parameters of the redirect
 * (contracts/auth.md 15). Connects again when the socket is lost; frames that `accepts` refuses are passed over.
 * Waits for ever: bound it.
 */
export const awaitHandover = (
  url: string,
  opened: () => void,
  accepts: (returned: URLSearchParams) => boolean
): Effect.Effect<URLSearchParams> =>
  Effect.retry(listen(url, opened, accepts), {
    schedule: Schedule.min([Schedule.exponential("200 millis"), Schedule.spaced("30 seconds")]).pipe(
      Schedule.jittered
    )
  }).pipe(Effect.orDie)

const listen = (url: string, opened: () => void, accepts: (returned: URLSearchParams) => boolean) =>
  Effect.callback<URLSearchParams, BrokerLost>((resume) => {
    const socket = new WebSocket(url, { maxPayload: maxFrame, handshakeTimeout: 10_000 })
    socket.on("open", opened)
    socket.on("error", () => socket.terminate())
    socket.on("close", () => resume(Effect.fail(new BrokerLost())))
    socket.on("message", (frame) => {
      const returned = parametersOf(String(frame))
      if (!accepts(returned)) return
      resume(Effect.succeed(returned))
      socket.close()
    })
    return Effect.sync(() => socket.terminate())
  })

/** The text values of a JSON object; of anything else none. */
const parametersOf = (frame: string): URLSearchParams => {
  const parameters = new URLSearchParams()
  let message: unknown
  try {
    message = JSON.parse(frame)
  } catch {
    return parameters
  }
  const entries = typeof message === "object" && message !== null ? Object.entries(message) : []
  for (const [name, value] of entries) {
    if (typeof value === "string") parameters.set(name, value)
  }
  return parameters
}
