import { assert, describe, it } from "@effect/vitest"
import { pingFrame, pongFrame, textFrame } from "./wire-frame.ts"

describe("frames on the wire (RFC 6455 5.2 and 5.7)", () => {
  it("a short text is two bytes of header and its UTF-8", () => {
    assert.deepStrictEqual([...textFrame("Hello")], [0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f])
    assert.deepStrictEqual([...textFrame("é")], [0x81, 0x02, 0xc3, 0xa9])
    assert.deepStrictEqual([...textFrame("")], [0x81, 0x00])
  })

  it.each([
    [125, [0x81, 125]],
    [126, [0x81, 126, 0, 126]],
    [65_535, [0x81, 126, 0xff, 0xff]],
    [65_536, [0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]]
  ])("a text of %i bytes has the shortest header that holds its length", (length, header) => {
    const frame = textFrame("x".repeat(length))
    assert.deepStrictEqual([...frame.subarray(0, header.length)], header)
    assert.strictEqual(frame.length, header.length + length)
  })

  it("a ping is empty and a pong carries the payload of its ping", () => {
    assert.deepStrictEqual([...pingFrame], [0x89, 0x00])
    assert.deepStrictEqual([...pongFrame(Buffer.from("Hello"))], [0x8a, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f])
  })
})
