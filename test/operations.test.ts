import { assert, describe, it, layer } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { WebSocket } from "ws"
import { clientOf, logIn } from "./client.ts"
import { eventually } from "./eventually.ts"
import { initialisedFolder } from "./initialised-folder.ts"
import { type RuntimeProcess, startRuntime, temporaryFolder } from "./runtime.ts"

describe("the start", () => {
  it.live(
    "without a password generates one and prints it at the first start alone",
    () =>
      Effect.gen(function* () {
        const folder = yield* temporaryFolder
        const knobs = { STROWGER_DATA_DIR: folder, STROWGER_ADMIN_PASSWORD: "" }
        const first = yield* startRuntime(knobs)
        const password = /administrator is admin with the password (\S+)/.exec(first.output())?.[1] ?? ""
        assert.isAtLeast(password.length, 16)
        yield* logIn(first.url, { username: "admin", password })
        assert.strictEqual(yield* first.kill("SIGTERM"), 0)

        const second = yield* startRuntime(knobs)
        assert.notInclude(second.output(), "password")
        yield* logIn(second.url, { username: "admin", password })
      }).pipe(Effect.scoped),
    120_000
  )

  it.live(
    "after SIGKILL takes the data directory over",
    () =>
      Effect.gen(function* () {
        const folder = yield* initialisedFolder
        const first = yield* startRuntime({ STROWGER_DATA_DIR: folder })
        yield* first.kill("SIGKILL")
        const second = yield* startRuntime({ STROWGER_DATA_DIR: folder })
        yield* logIn(second.url)
      }).pipe(Effect.scoped),
    120_000
  )

  it.live("with a wrong knob names it, and what was expected, and ends", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const refused = yield* Effect.flip(
        startRuntime({
          STROWGER_DATA_DIR: folder,
          STROWGER_HTTP_PORT: "ninety",
          STROWGER_AMI_AUTH_TYPE: "magic"
        })
      )
      assert.strictEqual(refused.code, 1)
      assert.match(refused.output, /STROWGER_HTTP_PORT: .*expected/i)
      assert.match(refused.output, /STROWGER_AMI_AUTH_TYPE: .*plain/)
    }).pipe(Effect.scoped)
  )
})

/** A runtime that lives as long as its tests, and its data folder. */
class Neighbour extends Context.Service<
  Neighbour,
  { readonly runtime: RuntimeProcess; readonly folder: string }
>()("test/operations/Neighbour") {
  static readonly layer = Layer.effect(
    Neighbour,
    Effect.gen(function* () {
      const folder = yield* initialisedFolder
      const runtime = yield* startRuntime({ STROWGER_DATA_DIR: folder, STROWGER_AMI_SECRT: "x" })
      return { runtime, folder }
    })
  )
}

layer(Neighbour.layer, { excludeTestServices: true, timeout: "120 seconds" })("beside a runtime", (it) => {
  it.effect("the start on the same data directory is refused with its reason and harms nothing", () =>
    Effect.gen(function* () {
      const { runtime, folder } = yield* Neighbour
      const refused = yield* Effect.flip(startRuntime({ STROWGER_DATA_DIR: folder }))
      assert.strictEqual(refused.code, 1)
      assert.include(refused.output, folder)
      assert.include(refused.output, String(runtime.process.pid))
      yield* logIn(runtime.url)
    })
  )

  it.effect("the start on its port says so and ends", () =>
    Effect.gen(function* () {
      const { runtime } = yield* Neighbour
      const port = new URL(runtime.url).port
      const refused = yield* Effect.flip(
        startRuntime({ STROWGER_DATA_DIR: yield* initialisedFolder, STROWGER_HTTP_PORT: port })
      )
      assert.strictEqual(refused.code, 1)
      assert.include(refused.output, `127.0.0.1:${port}`)
    })
  )

  it.effect("that got a misspelt knob one reads its name and the nearest one", () =>
    Effect.gen(function* () {
      const { runtime } = yield* Neighbour
      assert.match(runtime.output(), /STROWGER_AMI_SECRT is no knob.*STROWGER_AMI_SECRET/)
    })
  )
})

describe("a runtime without an Asterisk", () => {
  it.live(
    "is ready, says that AMI is down, and drains on SIGTERM",
    () =>
      Effect.gen(function* () {
        const folder = yield* initialisedFolder
        const runtime = yield* startRuntime({ STROWGER_DATA_DIR: folder })
        const anonymous = clientOf(runtime.url, "")
        const ready = yield* anonymous.request("GET", "/health/ready")
        assert.strictEqual(ready.status, 200)
        assert.deepInclude(ready.body, { ami: "down" })
        assert.strictEqual((yield* anonymous.request("GET", "/health/live")).status, 200)
        assert.include(String((yield* anonymous.request("GET", "/metrics")).body), "strowger_")

        const { token } = yield* logIn(runtime.url)
        const socket = new WebSocket(`${runtime.url.replace("http", "ws")}/api/websocketd/?token=${token}`)
        const seen: Array<string> = []
        socket.on("message", (data) => seen.push(String(data)))
        socket.on("close", (code) => seen.push(`close ${code}`))
        yield* eventually(
          Effect.sync(() => seen),
          (all) => all.length > 0
        )
        assert.strictEqual(yield* runtime.kill("SIGTERM"), 0)
        yield* eventually(
          Effect.sync(() => seen),
          (all) => all.includes("close 1001")
        )
        assert.notInclude(runtime.output(), token)
      }).pipe(Effect.scoped),
    120_000
  )
})
