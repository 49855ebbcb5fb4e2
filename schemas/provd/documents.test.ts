import { assert, describe, it } from "@effect/vitest"
import { normalizeIp } from "./address.ts"
import { readConfigDocument } from "./config-document.ts"
import type { JsonObject } from "./device.ts"
import { readDeviceBody } from "./device-document.ts"
import { idProblem } from "./document.ts"

describe("ids (3.1)", () => {
  it("letters, digits, underscore, dot and dash", () => {
    for (const id of ["a", "A.b-c_9", "..", "0".repeat(255)]) assert.isUndefined(idProblem(id), id)
    for (const id of ["", "../x", "a/b", "é", "a b", "a\n", null, 5, undefined, {}, "0".repeat(256)]) {
      assert.isString(idProblem(id), String(id))
    }
  })
})

describe("addresses (3.1)", () => {
  it("IPv4 as it is, IPv6 in its short form, IPv4 in IPv6 as IPv4", () => {
    assert.strictEqual(normalizeIp("10.0.0.1"), "10.0.0.1")
    assert.strictEqual(normalizeIp("::FFFF:10.0.0.1"), "10.0.0.1")
    assert.strictEqual(normalizeIp("::ffff:a00:1"), "10.0.0.1")
    assert.strictEqual(normalizeIp("2001:0DB8:0:0:0:0:0:1"), "2001:db8::1")
    for (const text of ["", "10.0.0", "10.0.0.256", "010.0.0.1", "fe80::1%eth0", "x", "1.2.3.4/8"]) {
      assert.isUndefined(normalizeIp(text), text)
    }
  })
})

describe("devices (3.1)", () => {
  const body = (document: JsonObject) => {
    const read = readDeviceBody(document)
    return "problem" in read ? read.problem : read.body
  }

  it("a normalized mac and nothing else; an empty ip is no address", () => {
    assert.deepEqual(body({ mac: "00:11:22:aa:bb:cc", ip: "" }), { mac: "00:11:22:aa:bb:cc", ip: "" })
    assert.deepEqual(body({ mac: null, ip: null }), { mac: null, ip: null })
    for (const mac of ["", "00:11:22:AA:BB:CC", "001122aabbcc", "00-11-22-aa-bb-cc", 5, {}]) {
      assert.isString(body({ mac }), String(mac))
    }
    assert.deepEqual(body({ ip: "::ffff:1.2.3.4" }), { ip: "1.2.3.4" })
    for (const ip of ["1.2.3", "host", 5, []]) assert.isString(body({ ip }), String(ip))
  })

  it("numbers pass for texts and are kept; objects and lists do not; unknown keys are kept", () => {
    assert.deepEqual(body({ sn: 5, version: 1.5, X_a: [{}], other: true }), {
      sn: 5,
      version: 1.5,
      X_a: [{}],
      other: true
    })
    for (const key of ["sn", "uuid", "vendor", "model", "version", "plugin", "config", "description"]) {
      assert.isString(body({ [key]: {} }), key)
      assert.isString(body({ [key]: ["x"] }), key)
    }
    assert.isString(body({ options: "x" }))
    assert.deepEqual(body({ options: { switchboard: true } }), { options: { switchboard: true } })
  })

  it("the server-set keys are not the client's", () => {
    assert.deepEqual(body({ id: "x", tenant_uuid: "t", is_new: true, configured: true, sn: "1" }), {
      sn: "1"
    })
  })

  it("what no database of ours keeps is refused", () => {
    assert.isString(body({ sn: "a\0b" }))
    assert.isString(body({ X_a: { "k\0": 1 } }))
    assert.isString(body({ sn: "\ud800" }))
    assert.isString(body(JSON.parse(`{"X_a": ${"[".repeat(5_000)}${"]".repeat(5_000)}}`)))
  })
})

describe("configs (3.2)", () => {
  it("parents and parameters are mandatory, the rest is kept as it is", () => {
    const read = readConfigDocument("c", { parent_ids: ["p"], raw_config: {}, label: null, own: [1] })
    assert.deepEqual(read, { config: { id: "c", parent_ids: ["p"], raw_config: {}, label: null, own: [1] } })
    for (const bad of [
      {},
      { parent_ids: [] },
      { raw_config: {} },
      { parent_ids: [null], raw_config: {} },
      { parent_ids: {}, raw_config: {} },
      { parent_ids: [], raw_config: [] },
      { parent_ids: [], raw_config: { nope: 1 } },
      { parent_ids: [], raw_config: {}, transient: "yes" }
    ] as ReadonlyArray<JsonObject>) {
      assert.property(readConfigDocument("c", bad), "problem", JSON.stringify(bad))
    }
  })
})
