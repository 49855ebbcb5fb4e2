import { assert, describe, it } from "@effect/vitest"
import { FilterParser } from "ldapts"
import { assert as holds, property, string } from "fast-check"
import { escapeDnValue, escapeFilterValue } from "./escape.ts"

describe("Values in LDAP filters and names", () => {
  it("every character with a meaning in a filter is escaped", () =>
    assert.strictEqual(escapeFilterValue("a*(b)\\c\0"), "a\\2a\\28b\\29\\5cc\\00"))

  it("every character with a meaning in a name is escaped", () => {
    assert.strictEqual(escapeDnValue(`a,b+c"d\\e<f>g;h=i#`), `a\\,b\\+c\\"d\\\\e\\<f\\>g\\;h\\=i\\#`)
    assert.strictEqual(escapeDnValue(" a "), "\\20a\\20")
    assert.strictEqual(escapeDnValue(" "), "\\20")
    assert.strictEqual(escapeDnValue("\0"), "\\00")
  })

  it("whatever the value, the filter stays one comparison with that value", () =>
    holds(
      property(string({ minLength: 1 }), (value) => {
        const filter = FilterParser.parseString(`(cn=${escapeFilterValue(value)})`)
        assert.strictEqual(filter.constructor.name, "EqualityFilter")
        assert.strictEqual("value" in filter ? String(filter.value) : undefined, value)
      })
    ))
})
