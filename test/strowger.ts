import { tmpdir } from "node:os"
import { join } from "node:path"
import { Context, Effect, Layer } from "effect"
import { AppConfig } from "../runtime/config.ts"
import { type Simulator, type SimulatorOptions, startSimulator } from "../simulator/server.ts"
import { strowgerLayerOn } from "../strowger.ts"
import { type TestDatabase, testDatabaseLayer } from "./database.ts"

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
    Effect.map(Pbx, ({ port }) =>
      strowgerLayerOn(options.database ?? testDatabaseLayer).pipe(
        Layer.provideMerge(
          AppConfig.layerFrom({
            STROWGER_HTTP_PORT: "0",
            STROWGER_DATA_DIR: join(tmpdir(), `strowger-test-${process.pid}`),
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
