import { assert, describe, it } from "@effect/vitest"
import type { JsonObject } from "./device.ts"
import { readSelector, shaped } from "./selector.ts"

const documents: ReadonlyArray<JsonObject> = [
  { id: "a", mac: "00:11", n: 1, raw_config: { sip_lines: { "1": { username: "u1" } } }, tags: ["x", "y"] },
  { id: "b", mac: "00:22", n: 10, raw_config: { sip_lines: {} }, lines: [{ name: "l1" }, { name: "l2" }] },
  { id: "c", mac: null, n: "2", description: "floor 2" }
]
const found = (selector: unknown) => {
  const selects = readSelector(selector)
  if (typeof selects !== "function") return selects.problem
  return documents.filter(selects).map(({ id }) => id)
}
const problem = (selector: unknown) => assert.isString(found(selector), JSON.stringify(selector))

describe("selectors (4.5)", () => {
  it("all entries must hold, values are compared deeply", () => {
    assert.deepEqual(found({}), ["a", "b", "c"])
    assert.deepEqual(found({ mac: "00:11", n: 1 }), ["a"])
    assert.deepEqual(found({ mac: "00:11", n: 2 }), [])
    assert.deepEqual(found({ mac: null }), ["c"])
    assert.deepEqual(found({ tags: ["x", "y"] }), ["a"])
    assert.deepEqual(found({ raw_config: { sip_lines: {} } }), ["b"])
  })

  it("dotted keys lead through objects, the last one also into the objects of a list", () => {
    assert.deepEqual(found({ "raw_config.sip_lines.1.username": "u1" }), ["a"])
    assert.deepEqual(found({ "lines.name": "l2" }), ["b"])
    assert.deepEqual(found({ "lines.name.more": "l2" }), [])
    assert.deepEqual(found({ "mac.x": 1 }), [])
  })

  it("the operators", () => {
    assert.deepEqual(found({ mac: { $in: ["00:11", "00:22"] } }), ["a", "b"])
    assert.deepEqual(found({ mac: { $nin: ["00:11"] } }), ["b", "c"])
    assert.deepEqual(found({ description: { $nin: ["x"] } }), ["a", "b", "c"])
    assert.deepEqual(found({ description: { $contains: "floor" } }), ["c"])
    assert.deepEqual(found({ tags: { $contains: "y" } }), ["a"])
    assert.deepEqual(found({ n: { $gt: 1 } }), ["b"])
    assert.deepEqual(found({ n: { $ge: 1, $lt: 10 } }), ["a"])
    assert.deepEqual(found({ n: { $le: "2" } }), ["c"])
    assert.deepEqual(found({ n: { $ne: 1 } }), ["b", "c"])
    assert.deepEqual(found({ description: { $ne: "x" } }), ["a", "b", "c"])
    assert.deepEqual(found({ mac: { $exists: true } }), ["a", "b", "c"])
    assert.deepEqual(found({ tags: { $exists: false } }), ["b", "c"])
  })

  it("a text is no selector, anything else that is no object is refused", () => {
    assert.deepEqual(found("text"), ["a", "b", "c"])
    assert.deepEqual(found(undefined), ["a", "b", "c"])
    for (const other of [5, null, [], true]) problem(other)
    problem({ mac: { $regex: "x" } })
    problem({ mac: { $in: "x" } })
    problem({ mac: { $nin: 5 } })
    problem({ mac: { $in: [], other: 1 } })
    problem({ mac: { $exists: "yes" } })
  })

  it("hostile keys and depths harm nobody", () => {
    for (const key of ["__proto__", "constructor", "toString", "a.__proto__.b", "constructor.prototype.x"]) {
      assert.deepEqual(found(JSON.parse(`{${JSON.stringify(key)}: {"$exists": true}}`)), [])
    }
    problem(JSON.parse('{"mac": {"$constructor": 1}}'))
    problem(JSON.parse(`{"mac": ${"[".repeat(1_000)}${"]".repeat(1_000)}}`))
    problem(Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`k${index}`, 1])))
    assert.deepEqual(found({ [`a${".a".repeat(10_000)}`]: 1 }), [])
  })
})

describe("what of a list is shown (4.5)", () => {
  const ids = (shape: Parameters<typeof shaped>[1]) => shaped(documents, shape).map(({ id }) => id)

  it("sort before skip before limit", () => {
    assert.deepEqual(ids({ sort: { key: "mac", descending: false } }), ["c", "a", "b"])
    assert.deepEqual(ids({ sort: { key: "mac", descending: true }, skip: 1, limit: 1 }), ["a"])
    assert.deepEqual(ids({ sort: { key: "n", descending: false } }), ["a", "b", "c"])
    assert.deepEqual(ids({ skip: -5 }), ["a", "b", "c"])
    assert.deepEqual(ids({ skip: 9 }), [])
    assert.deepEqual(ids({ limit: 0 }), ["a", "b", "c"])
    assert.deepEqual(ids({ limit: -1 }), [])
  })

  it("of fields the id always, dotted ones inside their objects, unknown ones not at all", () => {
    assert.deepEqual(
      shaped(documents.slice(0, 2), { fields: ["n", "raw_config.sip_lines.1", "nope", "__proto__"] }),
      [
        { id: "a", n: 1, raw_config: { sip_lines: { "1": { username: "u1" } } } },
        { id: "b", n: 10 }
      ]
    )
  })
})
