import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { OutboxCommitted } from "../../runtime/bus/outbox-committed.ts"
import { HookBell, hookBellLayer } from "./hook-bell.ts"

const hears = Effect.gen(function* () {
  const { heard } = yield* HookBell
  return (yield* Effect.timeoutOption(heard, 0))._tag === "Some"
})

it.layer(hookBellLayer.pipe(Layer.provideMerge(HookBell.layer)), { excludeTestServices: true })(
  "The bell of the webhooks",
  (it) => {
    it.effect("rings after every commit until it is known what subscriptions want, then only for that", () =>
      Effect.gen(function* () {
        const committed = yield* OutboxCommitted
        const bell = yield* HookBell
        committed(["auth_session_created"])
        assert.isTrue(yield* hears)
        bell.want(new Set(["user_created"]))
        assert.isTrue(yield* hears, "what is new may have been missed")
        committed(["auth_session_created"])
        assert.isFalse(yield* hears)
        committed(["auth_session_created", "user_created"])
        assert.isTrue(yield* hears)
        committed()
        assert.isTrue(yield* hears, "whoever names no events")
        bell.want(new Set())
        assert.isFalse(yield* hears)
      })
    )
  }
)
