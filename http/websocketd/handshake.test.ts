import { assert, describe, it } from "@effect/vitest"
import { type Opening, openingOf } from "./handshake.ts"

const opening = (query: string, headers: Record<string, string> = {}) =>
  openingOf(`/api/websocketd/${query}`, headers)
const refused = (code: number, reason: string): Opening => ({ accepted: false, close: { code, reason } })
const accepted = (version: 1 | 2, tokenId: string): Opening => ({ accepted: true, version, tokenId })

describe("opening of a session (events.md 4.1)", () => {
  it("an absent or empty version is 1", () => {
    assert.deepStrictEqual(opening("?token=t"), accepted(1, "t"))
    assert.deepStrictEqual(opening("?token=t&version="), accepted(1, "t"))
  })

  it("versions 1 and 2 are accepted", () => {
    assert.deepStrictEqual(opening("?token=t&version=1"), accepted(1, "t"))
    assert.deepStrictEqual(opening("?version=2&token=t"), accepted(2, "t"))
  })

  it.each(["0", "-1", "9", "abc", "1.0", "%2B2", "02", "2x", "1,2", "null", "٢"])(
    "version %s is refused with 4004",
    (version) => {
      assert.deepStrictEqual(opening(`?token=t&version=${version}`), refused(4004, ""))
    }
  )

  it("of a repeated parameter the first counts", () => {
    assert.deepStrictEqual(opening("?token=a&token=b&version=2&version=9"), accepted(2, "a"))
    assert.deepStrictEqual(opening("?token=a&version=9&version=2"), refused(4004, ""))
  })

  it("no token is refused with 4001, an empty one counts as absent", () => {
    assert.deepStrictEqual(opening(""), refused(4001, "no token"))
    assert.deepStrictEqual(opening("?"), refused(4001, "no token"))
    assert.deepStrictEqual(opening("?token="), refused(4001, "no token"))
    assert.deepStrictEqual(opening("?token=", { "x-auth-token": "" }), refused(4001, "no token"))
  })

  it("the version is checked before the token", () => {
    assert.deepStrictEqual(opening("?version=3"), refused(4004, ""))
  })

  it("the token may be in X-Auth-Token; a non-empty query token wins", () => {
    assert.deepStrictEqual(opening("", { "x-auth-token": "h" }), accepted(1, "h"))
    assert.deepStrictEqual(opening("?token=", { "x-auth-token": "h" }), accepted(1, "h"))
    assert.deepStrictEqual(opening("?token=q", { "x-auth-token": "h" }), accepted(1, "q"))
  })

  it("Authorization: Bearer is not read", () => {
    assert.deepStrictEqual(opening("", { authorization: "Bearer t" }), refused(4001, "no token"))
  })

  it("parameter names are case-sensitive and odd escapes do no harm", () => {
    assert.deepStrictEqual(opening("?TOKEN=t"), refused(4001, "no token"))
    assert.deepStrictEqual(opening("?token=%zz&version=2"), accepted(2, "%zz"))
  })
})
