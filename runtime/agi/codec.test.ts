import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import type { AgiRequest } from "./agi.ts"
import { AgiDecoder, type AgiProtocolError, type AgiReply, setVariable, verbose } from "./codec.ts"

const stream =
  "agi_network: yes\n" +
  "agi_network_script: agent?id=7&queue=sales\n" +
  "agi_request: agi://127.0.0.1:4573/agent?id=7&queue=sales\n" +
  "agi_channel: Local/id-7@agentcallback-00000001;2\n" +
  "agi_calleridname: Zoë: the caller\n" +
  "agi_rdnis: \n" +
  "agi_arg_1: first\n" +
  "agi_arg_2: \n" +
  "\n" +
  "200 result=1\n" +
  "HANGUP\n" +
  "520-Invalid command syntax.  Proper usage follows:\n" +
  "Usage: SET VARIABLE <variablename> <value>\n" +
  "520 End of proper usage.\n" +
  "511 Command Not Permitted on a dead channel or intercept routine\n"

const decode = (chunks: ReadonlyArray<Uint8Array>) => {
  const decoder = new AgiDecoder()
  const requests: Array<AgiRequest> = []
  const replies: Array<AgiReply> = []
  let failure: AgiProtocolError | undefined
  for (const chunk of chunks) {
    failure ??= decoder.push(chunk, {
      onRequest: (request) => requests.push(request),
      onReply: (reply) => replies.push(reply)
    })
  }
  return { requests, replies, failure }
}

const assertRead = ({ requests, replies, failure }: ReturnType<typeof decode>) => {
  assert.isUndefined(failure)
  assert.strictEqual(requests.length, 1)
  const [request] = requests
  assert.strictEqual(request?.script, "agent")
  assert.strictEqual(request?.query.get("id"), "7")
  assert.strictEqual(request?.query.get("queue"), "sales")
  assert.deepStrictEqual(request?.args, ["first", ""])
  assert.strictEqual(request?.variables.get("agi_calleridname"), "Zoë: the caller")
  assert.strictEqual(request?.variables.get("agi_rdnis"), "")
  assert.deepStrictEqual(
    replies.map(({ code }) => code),
    [200, 520, 511]
  )
}

describe("reading what Asterisk sends", () => {
  it("a request and the replies, cut anywhere", () => {
    const bytes = Buffer.from(stream)
    for (let cut = 0; cut <= bytes.length; cut++) {
      assertRead(decode([bytes.subarray(0, cut), bytes.subarray(cut)]))
    }
  })

  it("a request and the replies, byte by byte, with CRLF line ends too", () => {
    assertRead(decode([...Buffer.from(stream)].map((byte) => Uint8Array.of(byte))))
    assertRead(decode([Buffer.from(stream.replaceAll("\n", "\r\n"))]))
  })

  it("of a repeated name the first counts, so that nothing a caller names himself can stand for the URL", () => {
    const { requests } = decode([
      Buffer.from("agi_network_script: agent?id=7\nagi_network_script: agent?id=8\n\n")
    ])
    assert.strictEqual(requests[0]?.query.get("id"), "7")
  })

  it.each([
    ["an HTTP request", "GET / HTTP/1.1\r\nHost: x\r\n\r\n"],
    ["no request at all", "\n"],
    ["TLS", "\u0016\u0003\u0001\u0002\n"],
    ["a line without a name", "agi_network: yes\nno name\n\n"],
    ["a reply that is none", "agi_network: yes\n\nhello\n"]
  ])("%s is no AGI", (_, bytes) => {
    assert.strictEqual(decode([Buffer.from(bytes)]).failure?.reason, "not-agi")
  })

  it("a line that does not end is given up after 8 KiB", () => {
    assert.isUndefined(decode([Buffer.alloc(8_192, "a")]).failure)
    assert.strictEqual(decode([Buffer.alloc(8_193, "a")]).failure?.reason, "line-too-long")
  })

  it("a request that does not end is given up after 64 KiB", () => {
    const lines = Array.from({ length: 1_000 }, (_, index) => `agi_arg_${index}: ${"x".repeat(100)}\n`)
    assert.strictEqual(decode([Buffer.from(lines.join(""))]).failure?.reason, "request-too-long")
  })

  it("no bytes make it throw", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 10 }), (chunks) => {
        decode(chunks)
        decode([Buffer.from("agi_network: yes\n\n"), ...chunks])
      })
    )
  })
})

describe("commands", () => {
  it("quote what ends a word or a line", () => {
    assert.strictEqual(setVariable("X", "PJSIP/abcd"), 'SET VARIABLE X "PJSIP/abcd"\n')
    assert.strictEqual(setVariable("X", 'a "b\\c"\nEXEC'), 'SET VARIABLE X "a \\"b\\\\c\\" EXEC"\n')
    assert.strictEqual(verbose("one line"), 'VERBOSE "one line" 1\n')
  })
})
