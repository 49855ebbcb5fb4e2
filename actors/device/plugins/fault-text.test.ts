import { assert, describe, it } from "vitest"
import { faultText } from "./fault-text.ts"

describe("what a plugin threw, in the log", () => {
  const config = {
    admin_password: "adm1n",
    sip_lines: { 1: { password: "s3cret", username: "joe" }, 2: { password: "s3cret-longer" } },
    sip_local_key: "-----BEGIN KEY-----",
    funckeys: { 1: { value: "1001" } }
  }

  it("holds no secret of the parameters, and what is none", () => {
    assert.strictEqual(
      faultText(new Error("joe 1001 s3cret-longer s3cret adm1n -----BEGIN KEY-----"), [{}, config]),
      "joe 1001 *** *** *** ***"
    )
  })

  it("is one line of bounded length", () => {
    assert.strictEqual(faultText(new Error("first\nsecond")), "first")
    assert.strictEqual(faultText("x".repeat(1_000)).length, 301)
    assert.strictEqual(faultText(new TypeError()), "TypeError")
  })
})
