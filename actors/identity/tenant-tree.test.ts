import { describe, expect, it } from "@effect/vitest"
import { makeTenantTree } from "./tenant-tree.ts"

const family = () => {
  const tree = makeTenantTree("master")
  for (const [uuid, parentUuid] of [
    ["master", "master"],
    ["a", "master"],
    ["b", "master"],
    ["a1", "a"],
    ["a2", "a"],
    ["a1x", "a1"]
  ] as const) {
    tree.put({ uuid, parentUuid, slug: `slug-${uuid}` })
  }
  return tree
}

describe("The tenant tree", () => {
  it("a tenant sees itself first, then everything below it", () => {
    const { tenants } = family()
    expect(tenants.visible("a")).toEqual(["a", "a1", "a2", "a1x"])
    expect(tenants.visible("b")).toEqual(["b"])
    expect([...tenants.visible("master")].sort()).toEqual(["a", "a1", "a1x", "a2", "b", "master"])
  })

  it("a tenant lies within itself and all above it, and within nobody else", () => {
    const { tenants } = family()
    for (const ancestor of ["a1x", "a1", "a", "master"]) expect(tenants.isWithin("a1x", ancestor)).toBe(true)
    for (const other of ["b", "a2", "nowhere"]) expect(tenants.isWithin("a1x", other)).toBe(false)
    expect(tenants.isWithin("nowhere", "master")).toBe(false)
  })

  it("a moved tenant takes everything below it along", () => {
    const tree = family()
    tree.put({ uuid: "a1", parentUuid: "b", slug: "slug-a1" })
    expect(tree.tenants.visible("a")).toEqual(["a", "a2"])
    expect(tree.tenants.visible("b")).toEqual(["b", "a1", "a1x"])
    expect(tree.ancestors("a1x")).toEqual(["a1", "b", "master"])
  })

  it("a deleted tenant is gone", () => {
    const { tenants, remove } = family()
    expect(tenants.slug("a2")).toBe("slug-a2")
    remove("a2")
    expect(tenants.exists("a2")).toBe(false)
    expect(tenants.visible("a")).toEqual(["a", "a1", "a1x"])
  })
})
