import { Context, Duration, Effect, Layer } from "effect"
import { Ami, type AmiAction, type AmiAnswer, type AmiError, AmiUnavailable } from "../../runtime/ami/ami.ts"
import { openConnection } from "../../runtime/ami/connection.ts"
import { AppConfig } from "../../runtime/config.ts"

/**
 * AMI actions of HTTP clients. Those that act on the session itself run on a short-lived session of their own, so
 * that they cannot harm the shared one (contracts/callcenter.md 9.1).
 */
export class AmiActions extends Context.Service<
  AmiActions,
  {
    readonly run: (action: AmiAction) => Effect.Effect<AmiAnswer, AmiError>
    /** `host:port` of the AMI, for error details. */
    readonly where: string
  }
>()("strowger/actors/ami-session/AmiActions") {
  static readonly layer: Layer.Layer<AmiActions, never, Ami | AppConfig> = Layer.effect(
    AmiActions,
    Effect.gen(function* () {
      const ami = yield* Ami
      const config = yield* AppConfig
      const { amiHost: host, amiPort: port, amiActionTimeout: actionTimeout } = config

      const onOwnSession = (action: AmiAction) =>
        Effect.gen(function* () {
          const connection = yield* openConnection({ host, port, actionTimeout })
          yield* connection.login({
            username: config.amiUsername,
            secret: config.amiSecret,
            authType: config.amiAuthType
          })
          return yield* connection.send(action, { timeout: Duration.sum(actionTimeout, waitOf(action)) })
        }).pipe(
          Effect.scoped,
          Effect.catchTag(["AmiConnectionLost", "AmiProtocolError", "AmiLoginRefused"], ({ message }) =>
            Effect.fail(new AmiUnavailable({ message, sent: false }))
          )
        )

      return AmiActions.of({
        where: `${host}:${port}`,
        run: (action) =>
          sessionActions.has(action.action.toLowerCase())
            ? Effect.suspend(() =>
                ami.up()
                  ? onOwnSession(action)
                  : Effect.fail(new AmiUnavailable({ message: "no AMI session", sent: false }))
              )
            : ami.send(action)
      })
    })
  )
}

/** How long a WaitEvent is asked to wait by its `Timeout`, in seconds; it is answered after that. */
const waitOf = ({ action, headers }: AmiAction): Duration.Duration => {
  const asked = headers?.find(([name]) => name.toLowerCase() === "timeout")?.[1] ?? ""
  return action.toLowerCase() === "waitevent" && /^[0-9]{1,4}$/.test(asked)
    ? Duration.seconds(Number(asked))
    : Duration.zero
}

const sessionActions = new Set(["login", "logoff", "challenge", "events", "filter", "waitevent"])
