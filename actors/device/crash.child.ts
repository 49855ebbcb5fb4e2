import { Effect, Layer } from "effect"
import { AppConfig } from "../../runtime/config.ts"
import { databaseLayer } from "../../runtime/database/database.ts"
import { Configs } from "./configs.ts"
import { Devices } from "./devices.ts"
import { macAt, makeWorkshop, master, north, provisioningLayer, toyPlugin } from "./fixture.ts"
import { PhoneRequests } from "./phone-requests.ts"

/**
 * Phones boot for the first time, get lines and lose them, and configs change, until the process is killed. Says what
 * was acknowledged, a line each. Run and killed by crash.test.ts.
 */
const phones = 8

/** Devices that have a line, so that a change of the config that all share takes its time. */
const standing = 120

/** Takes its time, so that the process often dies while files are generated. */
const toy = toyPlugin()
const slowToy = toyPlugin({
  deviceFiles: (device, config) => Effect.delay(toy.deviceFiles(device, config), "20 millis")
})

const say = (...words: ReadonlyArray<string>) => process.stdout.write(`${words.join(" ")}\n`)

const line = (username: string, parent: string) => ({
  parent_ids: [parent],
  raw_config: { sip_lines: { "1": { username, password: "p", proxy_ip: "1.2.3.4" } } }
})

const storm = Effect.gen(function* () {
  const devices = yield* Devices
  const configs = yield* Configs
  const requests = yield* PhoneRequests
  const start = Date.now()
  const request = (mac: string, number: number) => ({
    protocol: "http" as const,
    path: `/${mac.replaceAll(":", "")}.cfg`,
    query: {},
    userAgent: "Toy T1 1.0",
    address: `10.0.0.${number}`,
    options: {}
  })
  const phone = (number: number) =>
    Effect.gen(function* () {
      for (let round = 0; ; round++) {
        const mac = macAt((start % 1_000_000_000) * 1_000 + number * 40 + round)
        const served = requests.serve(request(mac, number))
        const file = Effect.isEffect(served) ? yield* served : served
        if (file.kind !== "content") return yield* Effect.die(`no file: ${JSON.stringify(file)}`)
        say("booted", mac)
        const [found] = yield* devices.list(master, true, { selector: { mac } })
        const id = String(found?.["id"])
        const body = { mac, plugin: "toy", version: "1.0" }
        yield* devices.updateWithConfig(
          north,
          id,
          { ...body, config: id },
          { id, ...line(`line-${number}`, "shared") }
        )
        say("associated", mac, `line-${number}`)
        if (round % 3 === 1) {
          yield* devices.resetToAutoprov(north, id)
          say("reset", mac)
        }
        if (round % 3 === 2) {
          yield* devices.remove(north, id)
          say("removed", mac)
        }
      }
    })
  const administrator = Effect.gen(function* () {
    for (let round = 0; ; round++) {
      const ntp = `10.9.${round >> 8}.${round & 255}`
      say("changing")
      yield* configs.update("shared", { parent_ids: ["base"], raw_config: { ntp_ip: ntp } })
      say("ntp", ntp)
    }
  })
  yield* Effect.ignore(configs.create({ id: "shared", parent_ids: ["base"], raw_config: {} }))
  yield* Effect.forEach(
    Array.from({ length: standing }, (_, number) => number),
    (number) =>
      Effect.ignore(
        devices.create(north, {
          id: `standing-${number}`,
          mac: macAt(number),
          plugin: "toy",
          config: "line-of-all"
        })
      ),
    { concurrency: "unbounded" }
  )
  yield* Effect.ignore(configs.create({ id: "line-of-all", ...line("all", "shared") }))
  say("ready")
  yield* Effect.all([administrator, ...Array.from({ length: phones }, (_, number) => phone(number))], {
    concurrency: "unbounded"
  })
})

await Effect.runPromise(
  storm.pipe(
    Effect.provide(provisioningLayer(makeWorkshop(slowToy)).pipe(Layer.provideMerge(databaseLayer))),
    Effect.provide(AppConfig.layerFrom({ STROWGER_DATA_DIR: process.argv[2] ?? "" })),
    Effect.scoped
  )
)
