import { Context, Effect, Layer } from "effect"
import { AppConfig } from "../runtime/config.ts"
import { type Simulator, type SimulatorOptions, startSimulator } from "../simulator/server.ts"
import { strowgerLayerOn } from "../strowger.ts"
import { type TestDatabase, testDatabaseLayer } from "./database.ts"
import { temporaryFolder } from "./runtime.ts"

/** The PBX that the runtime under test talks to. */
export class Pbx extends Context.Service<Pbx, Simulator>()("test/Pbx") {}

const secret = "simulated-secret"

/** The whole runtime in this process, on a fresh database, with a simulated PBX. */
export const strowgerTestLayer = (
  options: {
    readonly pbx?: SimulatorOptions
    readonly knobs?: Readonly<Record<string, string>>
    readonly database?: TestDatabase
  } = {}
) => {
  const pbx = Layer.effect(Pbx, startSimulator({ username: "accent_amid", secret, ...options.pbx }))
  const runtime = Layer.unwrap(
    Effect.map(Effect.all([Pbx, temporaryFolder]), ([{ port }, folder]) =>
      strowgerLayerOn(options.database ?? testDatabaseLayer).pipe(
        Layer.provideMerge(
          AppConfig.layerFrom({
            STROWGER_HTTP_PORT: "0",
            STROWGER_DATA_DIR: folder,
            STROWGER_AGI_PORT: "0",
            STROWGER_PHONE_HTTP_HOST: "127.0.0.1",
            STROWGER_PHONE_HTTP_PORT: "0",
            STROWGER_TFTP_HOST: "127.0.0.1",
            STROWGER_TFTP_PORT: "0",
            STROWGER_AMI_PORT: String(port),
            STROWGER_AMI_SECRET: secret,
            STROWGER_LOG_LEVEL: "Error",
            ...options.knobs
          })
        )
      )
    )
  )
  return runtime.pipe(Layer.provideMerge(pbx))
}
