import { describe, expect, it } from "@effect/vitest"
import { array, assert, constantFrom, oneof, property, string, tuple } from "fast-check"
import { compileAcl, maxRequiredLength } from "./acl.ts"

const subject = { authId: "U-1", sessionUuid: "S-1" }

/** The truth table of contracts/auth.md 4, word for word. */
const truthTable: ReadonlyArray<
  readonly [acl: ReadonlyArray<string>, required: string | null, granted: boolean]
> = [
  [["confd.users.read"], "confd.users.read", true],
  [["confd.users.read"], "confd.users", false],
  [["confd.users.read"], "confd.users.read.more", false],
  [["confd.users.read"], "confd.users.READ", false],
  [["confd.users.read"], "confd.users.*", false],
  [["confd.#"], "confd.users", true],
  [["confd.#"], "confd.a.b.c", true],
  [["confd.#"], "confd", false],
  [["confd.#"], "confd.", true],
  [["confd.#"], "confdx.a", false],
  [["confd.#"], "confd.*", true],
  [["confd.#"], "confd.#", true],
  [["confd.#"], "#", false],
  [["#"], "", true],
  [["#"], "anything", true],
  [["#"], "a.b.c", true],
  [["#"], "!a", true],
  [["confd.*.read"], "confd.users.read", true],
  [["confd.*.read"], "confd.a.b.read", false],
  [["confd.*.read"], "confd..read", true],
  [["confd.*.read"], "confd.*.read", true],
  [["confd.*.read"], "confd.#.read", false],
  [["*"], "a", true],
  [["*"], "", true],
  [["*"], "a.b", false],
  [["*"], "*", true],
  [["*"], "#", false],
  [["us*s.read"], "users.read", true],
  [["us*s.read"], "uss.read", true],
  [["us*s.read"], "us.s.read", false],
  [["a.#.z"], "a.b.z", true],
  [["a.#.z"], "a.b.c.z", true],
  [["a.#.z"], "a.z", false],
  [["a.#.z"], "a..z", true],
  [["a#z"], "az", true],
  [["a#z"], "a.b.z", true],
  [["a#z"], "abz", true],
  [["auth.users.me.#"], "auth.users.me.tokens.read", true],
  [["auth.users.me.#"], "auth.users.U-1.tokens.read", true],
  [["auth.users.me.#"], "auth.users.U-2.tokens.read", false],
  [["auth.users.me.#"], "auth.users.meme.tokens", false],
  [["me"], "me", true],
  [["me"], "U-1", true],
  [["me"], "U-2", false],
  [["x.some.me"], "x.some.U-1", true],
  [["x.some.me"], "x.some.me", true],
  [["x.some.me"], "x.U-1.me", false],
  [["auth.sessions.my_session.delete"], "auth.sessions.S-1.delete", true],
  [["auth.sessions.my_session.delete"], "auth.sessions.my_session.delete", true],
  [["auth.sessions.my_session.delete"], "auth.sessions.S-2.delete", false],
  [["auth.users.*.edit"], "auth.users.9.edit", true],
  [["auth.users.*.edit"], "auth.users.9.update", true],
  [["auth.users.*.edit"], "auth.users.9.editor", false],
  [["auth.users.*.update"], "auth.users.9.update", true],
  [["auth.users.*.update"], "auth.users.9.edit", false],
  [["#", "!auth.#"], "dird.x", true],
  [["#", "!auth.#"], "auth.users.read", false],
  [["#", "!auth.#"], "auth", true],
  [["!auth.tenants.#", "auth.tenants.read"], "auth.tenants.read", false],
  [["!auth.tenants.#", "auth.tenants.read"], "auth.users.read", false],
  [["a.b", "!a.*"], "a.b", false],
  [["a.b", "!a.*"], "a.c", false],
  [["a.*", "!a.me"], "a.b", true],
  [["a.*", "!a.me"], "a.me", false],
  [["a.*", "!a.me"], "a.U-1", false],
  [["!a"], "a", false],
  [["!a"], "b", false],
  [[], "a", false],
  [[], "", false],
  [[], null, true],
  [["a+b.c$"], "a+b.c$", true],
  [["a+b.c$"], "aab.c", false],
  [["!!a"], "!a", false],
  [["!!a"], "a", false],
  [["!a", "!!a", "#"], "!a", false],
  [["!a", "!!a", "#"], "a", false],
  [["!a", "!!a", "#"], "b", true]
]

describe("An ACL grants what the truth table says", () => {
  for (const [acl, required, granted] of truthTable) {
    it(`[${acl.join(", ")}] ${granted ? "grants" : "refuses"} ${required === null ? "(no scope)" : `"${required}"`}`, () => {
      expect(compileAcl(acl).matches(required, subject)).toBe(granted)
    })
  }
})

describe("Giving and taking an access needs the right it carries", () => {
  const acl = compileAcl(["auth.#", "ok", "!no"])
  const rights = [
    ["ok", true, true],
    ["no", false, false],
    ["!no", true, false],
    ["!zz", true, false],
    ["other", false, false],
    ["auth.#", true, true],
    ["#", false, false]
  ] as const
  for (const [access, add, remove] of rights) {
    it(`${access}: may ${add ? "" : "not "}be added, may ${remove ? "" : "not "}be removed`, () => {
      expect([acl.mayAdd(access, subject), acl.mayRemove(access, subject)]).toEqual([add, remove])
    })
  }
})

describe("The words me, my_session and edit keep their meaning behind a #", () => {
  const acl = compileAcl(["#.me.read", "x#.my_session.edit", "#.edit"])
  for (const [required, granted] of [
    ["auth.users.U-1.read", true],
    ["auth.users.me.read", true],
    ["auth.users.U-2.read", false],
    ["xy.z.S-1.update", true],
    ["xy.z.my_session.edit", true],
    ["xy.z.S-2.updated", false],
    ["a.b.update", true],
    ["a.b.edit", true],
    ["a.b.credit", false]
  ] as const) {
    it(`${required} is ${granted ? "granted" : "refused"}`, () => {
      expect(acl.matches(required, subject)).toBe(granted)
    })
  }
})

describe("A hostile access costs no more than any other", () => {
  const long = "a".repeat(maxRequiredLength)

  it("many # in a row with a letter between are answered", () => {
    expect(compileAcl([`${"#a".repeat(400)}b`]).matches(long, subject)).toBe(false)
    expect(compileAcl([`${"#a".repeat(400)}#`]).matches(long, subject)).toBe(true)
  })

  it("many * in a row with a letter between are answered", () => {
    expect(compileAcl([`${"*a".repeat(400)}*b`]).matches(long, subject)).toBe(false)
    expect(compileAcl([`#${"*a".repeat(400)}*b`]).matches(long, subject)).toBe(false)
  })

  it("words of * below words of * are walked once", () => {
    const words = Array.from({ length: 60 }, () => "*").join(".")
    const required = Array.from({ length: 60 }, () => "a").join(".")
    expect(compileAcl([`${words}.x`, `${words}.#.x`]).matches(required, subject)).toBe(false)
  })

  it("thousands of accesses of every kind are answered", () => {
    const acl = compileAcl(
      Array.from({ length: 5_000 }, (_, index) => [
        `a${index}.b`,
        `#${index}*z`,
        `u*${index}.read`,
        `!n${index}.#`
      ]).flat()
    )
    expect(acl.matches("a4999.b", subject)).toBe(true)
    expect(acl.matches("x.4999.z", subject)).toBe(false)
    expect(acl.matches("x.4999z", subject)).toBe(true)
    expect(acl.matches("users4321.read", subject)).toBe(true)
    expect(acl.matches("n77.a", subject)).toBe(false)
  })

  it("a required access beyond any real length is refused", () => {
    expect(compileAcl(["#"]).matches(`${long}a`, subject)).toBe(false)
  })
})

/** The contract's own words as a backtracking regular expression: right for short inputs, and slow. */
const byRegExp = (acl: ReadonlyArray<string>, required: string): boolean => {
  const matcher = (access: string) =>
    new RegExp(
      `^${access
        .split(".")
        .map((word) => words[word] ?? word.replace(/[$+*#]/g, (sign) => signs[sign] ?? `\\${sign}`))
        .join("\\.")}$`,
      "s"
    ).test(required)
  return (
    !acl.some((access) => access.startsWith("!") && matcher(access.slice(1))) &&
    acl.some((access) => !access.startsWith("!") && matcher(access))
  )
}
const signs: Record<string, string> = { "*": "[^.#]*", "#": ".*" }
const words: Record<string, string> = {
  me: "(me|U-1)",
  my_session: "(my_session|S-1)",
  edit: "(edit|update)"
}

const word = oneof(
  constantFrom(
    "me",
    "my_session",
    "edit",
    "update",
    "*",
    "#",
    "a",
    "b",
    "U-1",
    "S-1",
    "",
    "a*",
    "*b",
    "#a",
    "a#b"
  ),
  string({ unit: constantFrom("a", "b", "*", "#", "+", "m", "e"), maxLength: 5 })
)
const path = array(word, { minLength: 1, maxLength: 5 }).map((parts) => parts.join("."))
const access = tuple(constantFrom("", "", "", "!"), path).map(([sign, body]) => sign + body)

describe("For every list of accesses", () => {
  it("the answer is that of the contract's definition", () => {
    assert(
      property(array(access, { maxLength: 6 }), path, (acl, required) => {
        expect(compileAcl(acl).matches(required, subject)).toBe(byRegExp(acl, required))
      }),
      { numRuns: 5_000 }
    )
  })

  it("order and duplicates do not matter", () => {
    assert(
      property(array(access, { maxLength: 6 }), path, (acl, required) => {
        expect(compileAcl([...acl, ...acl].reverse()).matches(required, subject)).toBe(
          compileAcl(acl).matches(required, subject)
        )
      })
    )
  })

  it("a ! access never grants anything", () => {
    assert(
      property(array(access, { maxLength: 6 }), path, path, (acl, extra, required) => {
        const before = compileAcl(acl).matches(required, subject)
        expect(compileAcl([...acl, `!${extra}`]).matches(required, subject) && !before).toBe(false)
      })
    )
  })
})
