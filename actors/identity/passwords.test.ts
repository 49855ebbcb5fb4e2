import { assert, describe, layer } from "@effect/vitest"
import { Effect } from "effect"
import { pbkdf2Sync, randomBytes } from "node:crypto"
import { importedPbkdf2, Passwords } from "./passwords.ts"

describe("Passwords", () => {
  layer(Passwords.layer)((it) => {
    it.effect("a hash tells its algorithm and cost, and matches only its own password", () =>
      Effect.gen(function* () {
        const passwords = yield* Passwords
        const stored = yield* passwords.hash("s3cret pässword")
        assert.match(stored, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
        assert.deepStrictEqual(yield* passwords.check("s3cret pässword", stored), {
          matches: true,
          outdated: false
        })
        assert.strictEqual((yield* passwords.check("s3cret passwörd", stored)).matches, false)
        assert.strictEqual((yield* passwords.check("", stored)).matches, false)
      })
    )

    it.effect("two users with one password have different hashes", () =>
      Effect.gen(function* () {
        const passwords = yield* Passwords
        assert.notStrictEqual(yield* passwords.hash("same"), yield* passwords.hash("same"))
      })
    )

    it.effect("an imported PBKDF2-HMAC-SHA512 hash matches and is to be replaced", () =>
      Effect.gen(function* () {
        const passwords = yield* Passwords
        const salt = randomBytes(64)
        const stored = importedPbkdf2(salt, pbkdf2Sync("old", salt, 250_000, 64, "sha512"))
        assert.deepStrictEqual(yield* passwords.check("old", stored), { matches: true, outdated: true })
        assert.strictEqual((yield* passwords.check("new", stored)).matches, false)
      })
    )

    it.effect("nobody's password matches, whatever it is", () =>
      Effect.gen(function* () {
        const passwords = yield* Passwords
        for (const password of ["", "x"]) {
          assert.strictEqual((yield* passwords.check(password, undefined)).matches, false)
          assert.strictEqual((yield* passwords.check(password, "not a hash")).matches, false)
        }
      })
    )
  })
})
