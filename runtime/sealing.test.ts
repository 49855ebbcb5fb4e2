import { assert, describe, it } from "@effect/vitest"
import { makeSealing } from "./sealing.ts"

describe("A sealed secret", () => {
  const sealing = makeSealing(Buffer.from("key"), "tests")
  const sealed = sealing.seal("row 1", "hunter2")

  it("opens for its own row with the key it was sealed with", () =>
    assert.strictEqual(sealing.open("row 1", sealed), "hunter2"))

  it("opens for no other row, with no other key or use of it, and not when it was tampered with", () => {
    assert.isUndefined(sealing.open("row 2", sealed))
    assert.isUndefined(makeSealing(Buffer.from("other"), "tests").open("row 1", sealed))
    assert.isUndefined(makeSealing(Buffer.from("key"), "something else").open("row 1", sealed))
    assert.isUndefined(sealing.open("row 1", `${sealed.slice(0, -4)}AAAA`))
    assert.isUndefined(sealing.open("row 1", "plain"))
  })

  it("shows nothing of the secret and looks different each time", () => {
    assert.notInclude(Buffer.from(sealed, "base64").toString("latin1"), "hunter2")
    assert.notStrictEqual(sealing.seal("row 1", "hunter2"), sealed)
  })
})
