import { assert, describe, it } from "vitest"
import { binarySettings, settingsOf } from "./binary.ts"

describe("settings in the form of the GXP2000", () => {
  const file = Buffer.from(
    binarySettings("000b822726c8", settingsOf("<P35>10&amp;01</P35>\n<P3>Zo\u00eb</P3>"))
  )

  it("stand behind a header with length and address", () => {
    assert.strictEqual(file.readUInt32BE(0) * 2, file.length)
    assert.strictEqual(file.length % 4, 0)
    assert.strictEqual(file.toString("hex", 6, 16), "000b822726c80d0a0d0a")
  })

  it("are a query string", () => {
    assert.strictEqual(file.toString("ascii", 16).replace(/\0+$/, ""), "P35=10%2601&P3=Zo%C3%AB&gnkey=0b82")
  })

  it("add up to zero", () => {
    let sum = 0
    for (let at = 0; at < file.length; at += 2) sum += file.readUInt16BE(at)
    assert.strictEqual(sum & 0xffff, 0)
  })
})
