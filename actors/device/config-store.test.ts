import { assert, describe, it } from "@effect/vitest"
import type { JsonObject } from "../../schemas/provd/device.ts"
import { makeConfigMemory } from "./config-store.ts"

const memory = () => {
  const store = makeConfigMemory({ ip: "1.2.3.4" })
  let revision = 0
  const put = (id: string, parent_ids: ReadonlyArray<string>, raw_config: JsonObject = {}) =>
    store.put({ document: { id, parent_ids, raw_config }, revision: ++revision })
  return { ...store, put }
}

describe("configs in memory (3.2)", () => {
  it("a chain of tens of thousands of parents is flattened, and its end has them all as descendants", () => {
    const store = memory()
    const depth = 30_000
    for (let number = 0; number < depth; number++) {
      store.put(`c${number}`, number === 0 ? [] : [`c${number - 1}`], {
        X_last: number,
        [`X_${number % 10}`]: 1
      })
    }
    const flat = store.flatten(`c${depth - 1}`)
    assert.strictEqual(flat?.["X_last"], depth - 1)
    assert.strictEqual(Object.keys(flat ?? {}).length, 12)
    assert.strictEqual(store.descendants("c0").size, depth)
    assert.strictEqual(store.revisionOf(`c${depth - 1}`), depth)
  })

  it("a parent that many name counts once, at its first place", () => {
    const store = memory()
    store.put("top", [], { X_a: "top", X_b: "top" })
    store.put("left", ["top"], { X_a: "left" })
    store.put("right", ["top"], { X_b: "right" })
    store.put("bottom", ["left", "right"])
    assert.deepEqual(store.flatten("bottom"), { ip: "1.2.3.4", X_a: "left", X_b: "right" })
  })

  it("another set of parents replaces the old one; who is forgotten is nobody's parent", () => {
    const store = memory()
    store.put("one", [], { X_a: 1 })
    store.put("two", [], { X_a: 2 })
    store.put("child", ["one"])
    store.put("child", ["two"])
    assert.deepEqual([...store.descendants("one")], ["one"])
    assert.deepEqual([...store.descendants("two")], ["two", "child"])
    store.forget("two")
    assert.deepEqual(store.flatten("child"), { ip: "1.2.3.4" })
    assert.isUndefined(store.flatten("two"))
  })
})
