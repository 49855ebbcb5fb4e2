import { assert, describe, it } from "@effect/vitest"
import { ProtocolFrames } from "./protocol-frames.ts"

const startup = Buffer.from([0, 0, 0, 9, 0, 3, 0, 0, 0])
const message = (type: string, body: string): Buffer => {
  const head = Buffer.alloc(5)
  head.write(type)
  head.writeInt32BE(4 + body.length, 1)
  return Buffer.concat([head, Buffer.from(body)])
}
const statement = Buffer.concat([
  message("P", "select"),
  message("B", "bind"),
  message("E", ""),
  message("S", "")
])
const stream = Buffer.concat([startup, statement, message("Q", "commit\0"), message("X", "")])

describe("the frames of the PostgreSQL protocol", () => {
  it("are the same bytes in the same order wherever the stream is cut", () => {
    for (let cut = 1; cut < stream.length; cut++) {
      const frames = new ProtocolFrames()
      const batches = [...frames.push(stream.subarray(0, cut)), ...frames.push(stream.subarray(cut))]
      assert.deepStrictEqual(Buffer.concat(batches.map(({ bytes }) => bytes)), stream)
      assert.strictEqual(batches[0]?.kind, "startup")
      assert.strictEqual(batches.at(-1)?.kind, "terminate")
    }
  })

  it("tell a batch whose answer ends with ReadyForQuery from one that is to be continued", () => {
    const frames = new ProtocolFrames()
    frames.push(startup)
    const half = message("P", "select")
    assert.deepStrictEqual(
      frames.push(half).map(({ kind }) => kind),
      ["partial"]
    )
    assert.deepStrictEqual(
      frames.push(statement.subarray(half.length)).map(({ kind }) => kind),
      ["synchronised"]
    )
  })

  it("tell a request to cancel from the start of a session", () => {
    const cancel = Buffer.alloc(16)
    cancel.writeInt32BE(16, 0)
    cancel.writeInt32BE(80_877_102, 4)
    assert.deepStrictEqual(
      new ProtocolFrames().push(cancel).map(({ kind }) => kind),
      ["cancel"]
    )
  })
})
