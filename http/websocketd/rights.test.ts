import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { Tenants } from "../../actors/identity/tenants.ts"
import { Tokens } from "../../actors/identity/tokens.ts"
import { masterTenant, ScriptedTokens } from "./fixture.ts"
import { makeHeldTokens, type Rights } from "./rights.ts"

const heldTokens = (tokens: ScriptedTokens) =>
  makeHeldTokens.pipe(
    Effect.provideService(Tokens, tokens.service),
    Effect.provideService(Tenants, {
      master: masterTenant,
      isWithin: () => true,
      visible: (tenant) => [tenant],
      exists: () => true,
      slug: () => undefined
    })
  )

const holder = () => {
  const heard = { ends: 0, tokenEnded: () => void heard.ends++ }
  return heard
}

describe("rights of a token (events.md 4.4)", () => {
  it.effect("the ACL is asked once per token and required_acl, and what is remembered is bounded", () =>
    Effect.gen(function* () {
      const tokens = new ScriptedTokens()
      let asked = 0
      const id = tokens.grant({ allows: () => ++asked > 0 })
      const held = yield* heldTokens(tokens)
      const rights = yield* Effect.callback<Rights | undefined>((resume) =>
        held.authenticate(id, (rights) => resume(Effect.succeed(rights)))
      )
      asked = 0
      for (let index = 0; index < 100; index++) assert.isTrue(rights?.allows("events.a"))
      assert.strictEqual(asked, 1)
      for (let index = 0; index < 256; index++) rights?.allows(`events.${index}`)
      assert.isTrue(rights?.allows("events.a"))
      assert.strictEqual(asked, 258)
    })
  )

  it.effect("sessions of one token share its rights and its watch", () =>
    Effect.gen(function* () {
      const tokens = new ScriptedTokens()
      const id = tokens.grant()
      const held = yield* heldTokens(tokens)
      const holders = [holder(), holder()]
      const all: Array<Rights> = []
      for (const one of holders) {
        held.authenticate(id, (rights) => {
          if (rights === undefined) return
          all.push(rights)
          held.hold(rights, one)
        })
      }
      assert.strictEqual(all[0], all[1])
      assert.strictEqual(tokens.watched, 1)
      if (all[0] && holders[0]) held.release(all[0], holders[0])
      assert.strictEqual(tokens.watched, 1)
      tokens.end(id, "revoked")
      assert.deepStrictEqual(
        holders.map(({ ends }) => ends),
        [0, 1]
      )
    })
  )

  it.effect("a watch that fails because the tokens cannot be read is taken up again", () =>
    Effect.gen(function* () {
      const tokens = new ScriptedTokens()
      const id = tokens.grant()
      tokens.failingWatches = 3
      const held = yield* heldTokens(tokens)
      const session = holder()
      held.authenticate(id, (rights) => {
        if (rights) held.hold(rights, session)
      })
      assert.strictEqual(tokens.watched, 0)
      yield* TestClock.adjust("3 seconds")
      assert.strictEqual(tokens.watched, 1)
      tokens.end(id, "revoked")
      assert.strictEqual(session.ends, 1)
    })
  )

  it.effect("a token that ended between its lookup and its watch ends the session at once", () =>
    Effect.gen(function* () {
      const tokens = new ScriptedTokens()
      const id = tokens.grant()
      const held = yield* heldTokens(tokens)
      const late = holder()
      held.authenticate(id, (rights) => {
        tokens.end(id, "expired")
        if (rights) held.hold(rights, late)
      })
      assert.strictEqual(late.ends, 1)
    })
  )
})
