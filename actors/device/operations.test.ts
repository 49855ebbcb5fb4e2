import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { AppConfig } from "../../runtime/config.ts"
import { eventually } from "../../test/eventually.ts"
import { Operations } from "./operations.ts"

const operations = Operations.layer.pipe(
  Layer.provide(AppConfig.layerFrom({ STROWGER_OPERATION_LIFETIME: "1 hour" }))
)

describe("operations in progress", () => {
  it.live("show label, state, progress and parts as the contract writes them", () =>
    Effect.gen(function* () {
      const service = yield* Operations
      const [download, finish] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
      const id = yield* service.start("install", "install_pkg", (root) =>
        Effect.gen(function* () {
          const part = root.part("download")
          part.progress()
          const file = part.part()
          root.part("install")
          file.progress(10, 100)
          yield* Deferred.await(download)
          file.progress(100)
          part.end("success")
          yield* Deferred.await(finish)
        })
      )
      const shows = (text: string) => eventually(service.status("install", id), (status) => status === text)
      yield* shows("install_pkg|progress(download|progress(progress;10/100))(install|waiting)")
      yield* Deferred.succeed(download, undefined)
      yield* shows("install_pkg|progress(download|success(success;100/100))(install|waiting)")
      yield* Deferred.succeed(finish, undefined)
      yield* shows("install_pkg|success(download|success(success;100/100))(install|success)")
    }).pipe(Effect.provide(operations))
  )

  it.effect("count from 1 in each collection", () =>
    Effect.gen(function* () {
      const { start } = yield* Operations
      const none = () => Effect.void
      assert.strictEqual(yield* start("a", undefined, none), "1")
      assert.strictEqual(yield* start("a", undefined, none), "2")
      assert.strictEqual(yield* start("b", undefined, none), "1")
    }).pipe(Effect.provide(operations))
  )

  it.effect("end as fail when the work fails or dies, their open parts with them, and never move back", () =>
    Effect.gen(function* () {
      const service = yield* Operations
      const failing = yield* service.start("a", undefined, (root) => {
        const done = root.part("done")
        done.end("success")
        done.progress(1, 2)
        done.end("fail")
        root.part("open").progress(1)
        return Effect.fail("no")
      })
      const dying = yield* service.start("a", undefined, () => Effect.die("broken"))
      yield* Effect.yieldNow
      yield* Effect.yieldNow
      assert.strictEqual(yield* service.status("a", failing), "fail(done|success)(open|fail;1)")
      assert.strictEqual(yield* service.status("a", dying), "fail")
    }).pipe(Effect.provide(operations))
  )

  it.effect("stay until they are forgotten, and an hour after their end; ids are not used again", () =>
    Effect.gen(function* () {
      const service = yield* Operations
      const ended = yield* service.start("a", undefined, () => Effect.void)
      const running = yield* service.start("a", undefined, () => Effect.never)
      const forgotten = yield* service.start("a", undefined, () => Effect.never)
      assert.isTrue(yield* service.forget("a", forgotten))
      assert.isFalse(yield* service.forget("a", forgotten))
      assert.isUndefined(yield* service.status("a", forgotten))
      yield* TestClock.adjust("59 minutes")
      assert.strictEqual(yield* service.status("a", ended), "success")
      yield* TestClock.adjust("1 minute")
      assert.isUndefined(yield* service.status("a", ended))
      assert.strictEqual(yield* service.status("a", running), "progress")
      assert.strictEqual(yield* service.start("a", undefined, () => Effect.void), "4")
    }).pipe(Effect.provide(operations))
  )
})
