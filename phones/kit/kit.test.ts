import { assert, describe, it } from "vitest"
import { support } from "../../schemas/provd/phone-plugin.ts"
import { association } from "./association.ts"
import { directoryUrl, serviceUrl } from "./directory-url.ts"
import { configWith, device, fullConfig, minimalConfig, nullConfig } from "./fixture.ts"
import { requiredMac } from "./device.ts"
import { sortedKeys } from "./keys.ts"
import { sortedLines } from "./lines.ts"

const user = "7f523550-03cf-4dac-a858-cb8afdb34775"

describe("the phone directory's address", () => {
  it("names the entry, the vendor and the user", () => {
    assert.strictEqual(
      directoryUrl(fullConfig, { entry: "lookup", vendor: "yealink", suffix: "&term=#SEARCH" }),
      `http://192.0.2.98:9498/0.1/directories/lookup/default/yealink?xivo_user_uuid=${user}&term=#SEARCH`
    )
  })

  it("keeps scheme and port of the config, and takes either spelling", () => {
    const accent = configWith({
      X_xivo_phonebook_ip: null,
      X_xivo_user_uuid: null,
      X_accent_phonebook_ip: "2001:db8::1",
      X_xivo_phonebook_scheme: "https",
      X_xivo_phonebook_port: 443
    })
    assert.strictEqual(
      directoryUrl(accent, { entry: "input", vendor: "snom" }),
      `https://[2001:db8::1]:443/0.1/directories/input/default/snom?accent_user_uuid=${user}`
    )
  })

  it("has a service to switch", () => {
    assert.strictEqual(
      serviceUrl(fullConfig, "yealink", "dnd", "enable"),
      `http://192.0.2.98:9498/0.1/yealink/users/${user}/services/dnd/enable`
    )
  })

  it("is left out without host or user", () => {
    for (const config of [
      minimalConfig,
      nullConfig,
      configWith({ X_xivo_user_uuid: null, X_accent_user_uuid: null })
    ]) {
      assert.isUndefined(directoryUrl(config, { entry: "input", vendor: "snom" }))
      assert.isUndefined(serviceUrl(config, "yealink", "dnd", "enable"))
    }
  })
})

describe("lines and keys", () => {
  it("come in the order of their numbers", () => {
    const config = configWith({ sip_lines: { 10: {}, 9: {}, 1: {}, x: {}, 0: {} } })
    assert.deepStrictEqual(
      sortedLines(config).map(({ line }) => line),
      [1, 9, 10]
    )
  })

  it("have a label, and a park key without value parks where the config says", () => {
    const config = configWith({
      funckeys: { 12: { type: "park" }, 3: { type: "blf", value: "1012", label: null, line: "2" } }
    })
    assert.deepStrictEqual(sortedKeys(config), [
      { key: 3, type: "blf", value: "1012", label: "1012", line: 2 },
      { key: 12, type: "park", value: "700", label: "700", line: undefined }
    ])
  })
})

describe("association", () => {
  const score = association({
    vendor: "Yealink",
    isModel: (model) => model === "T46S",
    isVersion: (version) => version === "66.86.0.15"
  })
  it("scores vendor, model and version", () => {
    assert.strictEqual(score({}), support.unknown)
    assert.strictEqual(score({ vendor: "Snom", model: "T46S" }), support.improbable)
    assert.strictEqual(score({ vendor: "Yealink" }), support.probable)
    assert.strictEqual(score({ vendor: "Yealink", model: "T99" }), support.probable)
    assert.strictEqual(score({ vendor: "Yealink", model: "T46S", version: "1" }), support.complete)
    assert.strictEqual(score({ vendor: "Yealink", model: "T46S", version: "66.86.0.15" }), support.exact)
  })
})

describe("a device", () => {
  it("without a MAC address is not configured", () => {
    assert.strictEqual(requiredMac(device()), "805ec0aabbcc")
    assert.throws(() => requiredMac({ ...device(), mac: null }), /no MAC address/)
  })
})
