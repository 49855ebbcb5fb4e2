import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import * as fc from "fast-check"
import { type AmiMessage, header } from "./ami.ts"
import { AmiDecoder, type DecoderOptions, encodeAction, encodeMessage, toJson } from "./codec.ts"
import type { ReceivedMessage } from "./message.ts"
import { type Recording, readRecording } from "./recordings.ts"

const BANNER = "Asterisk Call Manager/13.0.0\r\n"

describe("decoding what Asterisk sends", () => {
  it("reads the first message right behind the banner line, with or without a blank line between", () => {
    assert.deepStrictEqual(headersOf(decode(`${BANNER}Event: A\r\n\r\n`)), [[["Event", "A"]]])
    assert.deepStrictEqual(headersOf(decode(`${BANNER}\r\nEvent: A\r\n\r\n`)), [[["Event", "A"]]])
  })

  it("tells the banner once its line is complete", () => {
    const decoder = new AmiDecoder()
    decoder.push(Buffer.from(BANNER.slice(0, -1)), () => {})
    assert.isUndefined(decoder.banner)
    decoder.push(Buffer.from("\n"), () => {})
    assert.strictEqual(decoder.banner, "Asterisk Call Manager/13.0.0")
  })

  it("ignores blank lines between messages, as QueueRule sends them", () => {
    const messages = decode(`${BANNER}Response: Success\r\n\r\n\r\n\r\nEvent: A\r\n\r\n\r\nEvent: B\r\n\r\n`)
    assert.deepStrictEqual(
      messages.map((message) => message.kind),
      ["response", "event", "event"]
    )
  })

  it("splits at the first colon and space, else at the first colon, and trims nothing", () => {
    const lines = [
      "Event: E",
      "Header1: v: 1",
      "Empty: ",
      "Bare:",
      "Tight:x",
      "A:b: c",
      "Spaces:   x  ",
      ": v"
    ]
    assert.deepStrictEqual(headersOf(decode(`${BANNER}${lines.join("\r\n")}\r\n\r\n`)), [
      [
        ["Event", "E"],
        ["Header1", "v: 1"],
        ["Empty", ""],
        ["Bare", ""],
        ["Tight", "x"],
        ["A:b", "c"],
        ["Spaces", "  x  "],
        ["", "v"]
      ]
    ])
  })

  it("keeps repeated headers and Output lines in order", () => {
    const [message] = decode(`${BANNER}Response: Success\r\nOutput: a\r\nOutput:   b\r\nOutput: \r\n\r\n`)
    assert.deepStrictEqual(message?.headers.slice(1), [
      ["Output", "a"],
      ["Output", "  b"],
      ["Output", ""]
    ])
  })

  it("drops a message with a line without colon, and that message alone", () => {
    const messages = decode(`${BANNER}Event: A\r\n\r\nEvent: B\r\nnonsense\r\n\r\nEvent: C\r\n\r\n`)
    assert.deepStrictEqual(
      messages.map((message) => message.name),
      ["A", "C"]
    )
  })

  it("lets the first line decide: Event, Response, anything else is dropped", () => {
    const decoder = new AmiDecoder()
    const kinds: Array<string> = []
    const bytes = `${BANNER}Event: A\r\n\r\nPing: x\r\nEvent: B\r\n\r\nResponse: Error\r\nEvent: C\r\n\r\n`
    decoder.push(Buffer.from(bytes), (message) => kinds.push(message.kind))
    assert.deepStrictEqual(kinds, ["event", "response"])
    assert.strictEqual(decoder.dropped, 1)
  })

  it("turns invalid UTF-8 into U+FFFD and keeps the rest of the message", () => {
    const [message] = decodeBytes([
      Buffer.concat([
        Buffer.from(`${BANNER}Event: A\r\nName: Zo`),
        Buffer.from([0xff]),
        Buffer.from("ë\r\nLast: 1\r\n\r\n")
      ])
    ])
    assert.deepStrictEqual(message?.headers.slice(1), [
      ["Name", "Zo\uFFFDë"],
      ["Last", "1"]
    ])
  })

  it("takes a CR or LF alone as part of a value", () => {
    const [message] = decode(`${BANNER}Event: VarSet\r\nValue: a\nb\rc\r\n\r\n`)
    assert.strictEqual(message && header(message, "Value"), "a\nb\rc")
  })

  it("answers the last value of a header, its name in any case", () => {
    const [message] = decode(`${BANNER}Event: A\r\nKey: 1\r\nkEY: 2\r\nKey:3: 4\r\nMonkey: 5\r\n\r\n`)
    assert.isDefined(message)
    assert.strictEqual(header(message, "KEY"), "2")
    assert.strictEqual(header(message, "event"), "A")
    assert.strictEqual(header(message, "ke"), undefined)
    assert.strictEqual(header(message, "key:3"), "4")
  })

  it("finds headers the same in messages of many lines and of letters beyond ASCII", () => {
    const lines = Array.from(
      { length: 500 },
      (_, line) => `Line${line}: ${line % 2 === 0 ? "é" : "e"}${line}`
    )
    const [message] = decode(`${BANNER}Event: A\r\n${lines.join("\r\n")}\r\n\r\n`)
    assert.isDefined(message)
    assert.strictEqual(message.headers.length, 501)
    assert.strictEqual(message.last("Line499"), "e499")
    assert.strictEqual(message.last("line498"), "é498")
  })
})

describe("recorded streams", () => {
  it.each([
    ["queue-calls.events.ami", 344],
    ["queue-calls.responses.ami", 111],
    ["queue-load.events.ami", 10_928]
  ] as const)("%s gives %i messages with every header", (name, count) => {
    const messages = decodeBytes([readRecording(name)])
    assert.strictEqual(messages.length, count)
    assert.deepStrictEqual(headersOf(messages), expected(name))
  })

  it("queue-calls.events.ami is the same cut in two at every position", () => {
    const bytes = readRecording("queue-calls.events.ami").subarray(0, 3000)
    const whole = headersOf(decodeBytes([bytes]))
    for (let cut = 0; cut <= bytes.length; cut++) {
      const parts = [bytes.subarray(0, cut), bytes.subarray(cut)]
      assert.deepStrictEqual(headersOf(decodeBytes(parts)), whole, `cut at ${cut}`)
    }
  })

  it("the user event with letters beyond ASCII is the same cut at every position", () => {
    const event = `${BANNER}Event: UserEvent\r\nReason: café \u{1F4DE} au lait\r\nAgent: 1001\r\n\r\n\r\nEvent: B\r\n\r\n`
    const bytes = Buffer.from(event)
    const whole = headersOf(decodeBytes([bytes]))
    for (let first = 0; first <= bytes.length; first++) {
      for (let second = first; second <= bytes.length; second++) {
        const parts = [bytes.subarray(0, first), bytes.subarray(first, second), bytes.subarray(second)]
        assert.deepStrictEqual(headersOf(decodeBytes(parts)), whole, `cut at ${first} and ${second}`)
      }
    }
  })

  it.each(["queue-calls.events.ami", "queue-calls.responses.ami"] as const)(
    "%s is the same byte by byte",
    (name) => {
      const bytes = readRecording(name)
      const parts = Array.from(bytes, (_, index) => bytes.subarray(index, index + 1))
      assert.deepStrictEqual(headersOf(decodeBytes(parts)), expected(name))
    }
  )

  it("all are the same cut at random positions", () => {
    for (const name of ["queue-calls.events.ami", "queue-calls.responses.ami"] as const) {
      const bytes = readRecording(name)
      const whole = expected(name)
      fc.assert(
        fc.property(fc.array(fc.nat(bytes.length), { maxLength: 400 }), (cuts) => {
          assert.deepStrictEqual(headersOf(decodeBytes(cutAt(bytes, cuts))), whole)
        }),
        { numRuns: 20 }
      )
    }
    const load = readRecording("queue-load.events.ami")
    const cuts = fc.sample(fc.nat(load.length), 5000)
    assert.deepStrictEqual(headersOf(decodeBytes(cutAt(load, cuts))), expected("queue-load.events.ami"))
  })

  it("keeps nothing of a chunk that its owner writes over", () => {
    const bytes = readRecording("queue-calls.responses.ami")
    const messages: Array<ReceivedMessage> = []
    const decoder = new AmiDecoder()
    const chunk = Buffer.alloc(1000)
    for (let start = 0; start < bytes.length; start += chunk.length) {
      const length = bytes.copy(chunk, 0, start)
      decoder.push(chunk.subarray(0, length), (message) => messages.push(message))
      chunk.fill(0)
    }
    assert.deepStrictEqual(headersOf(messages), expected("queue-calls.responses.ami"))
  })
})

describe("bytes that are no AMI", () => {
  it.each(["SSH-2.0-OpenSSH_9.2\r\n", "HTTP/1.1 400 Bad Request\r\n", "\r\n", "\0", "Event: A\r\n\r\n"])(
    "a first line of %j fails at once",
    (bytes) => {
      const decoder = new AmiDecoder()
      assert.strictEqual(decoder.push(Buffer.from(bytes), () => assert.fail())?.reason, "not-ami")
    }
  )

  it("a banner without end fails", () => {
    const decoder = new AmiDecoder()
    const bytes = Buffer.from(`Asterisk Call Manager/${"1".repeat(1000)}`)
    assert.strictEqual(decoder.push(bytes, () => {})?.reason, "not-ami")
  })

  it("decodes nothing more after a failure, and answers it again", () => {
    const decoder = new AmiDecoder()
    const failure = decoder.push(Buffer.from("GET / HTTP/1.0\r\n"), () => {})
    assert.strictEqual(
      decoder.push(Buffer.from(`${BANNER}Event: A\r\n\r\n`), () => assert.fail()),
      failure
    )
  })

  it("a line of at most maxLine bytes passes, a longer one fails, in whatever chunks", () => {
    const line = (length: number) => `Event: ${"x".repeat(length - "Event: \r\n".length)}\r\n\r\n`
    for (const size of [1, 7, 1000]) {
      assert.isUndefined(failureOf(`${BANNER}${line(100)}`, { maxLine: 100 }, size))
      assert.strictEqual(failureOf(`${BANNER}${line(101)}`, { maxLine: 100 }, size), "line-too-long")
    }
  })

  it("a message of at most maxMessage bytes passes, a longer one fails, in whatever chunks", () => {
    const message = (length: number) =>
      `Event: A\r\n${"X: 456\r\n".repeat(10)}Y: ${"y".repeat(length - 97)}\r\n\r\n`
    assert.strictEqual(message(120).length, 120)
    for (const size of [1, 7, 1000]) {
      const twice = `${BANNER}${message(120)}${message(120)}`
      assert.isUndefined(failureOf(twice, { maxMessage: 120 }, size))
      assert.strictEqual(failureOf(`${BANNER}${message(121)}`, { maxMessage: 120 }, size), "message-too-long")
    }
  })

  it("a peer that never sends a blank line is stopped by the default bound", () => {
    const decoder = new AmiDecoder()
    const lines = Buffer.from("Output: more and more\r\n".repeat(40_000))
    decoder.push(Buffer.from(`${BANNER}Response: Success\r\n`), () => {})
    let pushes = 0
    while (decoder.push(lines, () => assert.fail()) === undefined && pushes < 1000) pushes++
    assert.isBelow(pushes * lines.length, 17_000_000)
    assert.isFalse(decoder.midMessage)
  })

  it("any bytes whatever give messages or a failure, never a throw", () => {
    const bytes = fc.array(
      fc.oneof(
        fc.uint8Array({ maxLength: 30 }),
        fc
          .constantFrom("\r\n", "\r", "\n", ":", ": ", "Event: A\r\n", "Response: x")
          .map((text) => Buffer.from(text))
      )
    )
    fc.assert(
      fc.property(bytes, fc.constantFrom("messages", "actions"), (chunks, stream) => {
        const decoder = new AmiDecoder({ stream })
        decoder.push(Buffer.from(stream === "messages" ? BANNER : ""), () => {})
        const messages: Array<ReceivedMessage> = []
        for (const chunk of chunks) decoder.push(chunk, (message) => messages.push(message))
        const joined = new AmiDecoder({ stream })
        joined.push(Buffer.from(stream === "messages" ? BANNER : ""), () => {})
        const again: Array<ReceivedMessage> = []
        joined.push(Buffer.concat(chunks), (message) => again.push(message))
        assert.deepStrictEqual(headersOf(messages), headersOf(again))
      }),
      { numRuns: 500 }
    )
  })
})

describe("decoding what a client sends", () => {
  it("takes the Action header anywhere, line ends without CR, and passes over lines without colon", () => {
    const text = "ActionID: 1\nhello\nAction: Ping\n\nAction: Logoff\r\n\r\n"
    const messages = decode(text, { stream: "actions" })
    assert.deepStrictEqual(headersOf(messages), [
      [
        ["ActionID", "1"],
        ["Action", "Ping"]
      ],
      [["Action", "Logoff"]]
    ])
    assert.strictEqual(messages[0] && header(messages[0], "action"), "Ping")
  })

  it("hands on a message without Action, which Asterisk answers with an error", () => {
    assert.deepStrictEqual(headersOf(decode("Foo: bar\r\n\r\n", { stream: "actions" })), [[["Foo", "bar"]]])
  })

  it("fails at a line over 1024 bytes", () => {
    assert.strictEqual(
      failureOf(`Action: ${"x".repeat(1100)}\r\n\r\n`, { stream: "actions" }, 10),
      "line-too-long"
    )
  })
})

describe("encoding actions", () => {
  it("writes Action, ActionID and the headers in order, each once as often as given", () => {
    const action = {
      action: "Originate",
      headers: [
        ["Variable", "A=1"],
        ["Variable", "B=a,b:c"]
      ]
    } as const
    assert.strictEqual(
      Result.getOrThrow(encodeAction(action, "s-1")).toString(),
      "Action: Originate\r\nActionID: s-1\r\nVariable: A=1\r\nVariable: B=a,b:c\r\n\r\n"
    )
  })

  it("sends no Action or ActionID out of the headers", () => {
    const action = {
      action: "Ping",
      headers: [
        ["action", "Originate"],
        ["ACTIONID", "x"]
      ]
    } as const
    assert.strictEqual(
      Result.getOrThrow(encodeAction(action, "1")).toString(),
      "Action: Ping\r\nActionID: 1\r\n\r\n"
    )
  })

  it.each([
    ["CR in a value", [["Secret", "hunter2\r"]]],
    ["LF in a value", [["Secret", "hunter2\nAction: Originate"]]],
    ["NUL in a value", [["Secret", "hunter2\0"]]],
    ["CR in a key", [["Secret\r", "hunter2"]]],
    ["LF in a key", [["Secret\n", "hunter2"]]],
    ["NUL in a key", [["Secret\0", "hunter2"]]],
    ["an empty key", [["", "hunter2"]]],
    ["a colon in a key", [["Secret:", "hunter2"]]],
    ["a line over 1024 bytes", [["Secret", `hunter2${"é".repeat(510)}`]]]
  ] as ReadonlyArray<[string, ReadonlyArray<[string, string]>]>)(
    "%s is refused, and the error shows no value",
    (_, headers) => {
      const result = encodeAction({ action: "Login", headers }, "1")
      assert.isTrue(Result.isFailure(result))
      if (Result.isFailure(result)) {
        assert.strictEqual(result.failure._tag, "AmiInvalidAction")
        assert.strictEqual(result.failure.header, headers[0]?.[0])
        assert.notInclude(JSON.stringify(result.failure), "hunter2")
      }
    }
  )

  it("refuses CR, LF and NUL in the action itself", () => {
    for (const action of ["Ping\r\nAction: Logoff", "Ping\n", "Ping\0", "Ping\r"]) {
      assert.isTrue(Result.isFailure(encodeAction({ action }, "1")))
    }
  })

  it("allows 128 lines and 1024 bytes a line with its end, and no more", () => {
    const headers = (count: number) => Array.from({ length: count }, () => ["Variable", "A=1"] as const)
    assert.isTrue(Result.isSuccess(encodeAction({ action: "Originate", headers: headers(126) }, "1")))
    assert.isTrue(Result.isFailure(encodeAction({ action: "Originate", headers: headers(127) }, "1")))
    const line = (bytes: number) => [["K", "x".repeat(bytes - "K: \r\n".length)]] as const
    assert.isTrue(Result.isSuccess(encodeAction({ action: "Ping", headers: line(1024) }, "1")))
    assert.isTrue(Result.isFailure(encodeAction({ action: "Ping", headers: line(1025) }, "1")))
  })

  it("whatever is accepted reaches the server as one action with the same headers", () => {
    const text = fc.oneof(
      fc.string({ maxLength: 20 }),
      fc.string({ unit: "binary", maxLength: 20 }),
      fc.constantFrom("\r\n", "\r\n\r\nAction: Logoff", "a: b", ":", "", "action")
    )
    const headers = fc.array(fc.tuple(text, text), { maxLength: 5 })
    fc.assert(
      fc.property(text, headers, (action, given) => {
        const encoded = encodeAction({ action, headers: given }, "id-1")
        if (Result.isFailure(encoded)) return
        const sent = given.filter(([name]) => !["action", "actionid"].includes(name.trim().toLowerCase()))
        assert.deepStrictEqual(headersOf(decode(encoded.success.toString(), { stream: "actions" })), [
          [["Action", action], ["ActionID", "id-1"], ...sent]
        ])
      }),
      { numRuns: 1000 }
    )
  })
})

describe("messages round trip", () => {
  const text = fc
    .oneof(fc.string(), fc.string({ unit: "binary" }), fc.constantFrom("", " ", "v: 1", "a=b", "café"))
    .map((value) => value.replace(/[\r\n]/g, ""))
  const headers = fc.array(
    fc.tuple(
      text.map((name) => name.replace(/:/g, "")),
      text
    ),
    { maxLength: 8 }
  )
  const message = fc
    .tuple(fc.constantFrom("Event", "Response"), text, headers)
    .map(([first, name, rest]): AmiMessage => ({ headers: [[first, name], ...rest] }))

  it("any messages, encoded and cut anywhere, are decoded to the same headers", () => {
    fc.assert(
      fc.property(fc.array(message, { maxLength: 5 }), fc.array(fc.nat(2000)), (messages, cuts) => {
        const bytes = Buffer.concat([Buffer.from(BANNER), ...messages.map(encodeMessage)])
        assert.deepStrictEqual(headersOf(decodeBytes(cutAt(bytes, cuts))), headersOf(messages))
      }),
      { numRuns: 500 }
    )
  })

  it("a received message and a plain one have the same last values and JSON", () => {
    fc.assert(
      fc.property(message, text, (plain, name) => {
        const [received] = decodeBytes([Buffer.from(BANNER), encodeMessage(plain)])
        assert.isDefined(received)
        const asked = [
          name,
          ...plain.headers.map(([key]) => key),
          ...plain.headers.map(([key]) => key.toUpperCase())
        ]
        for (const key of asked) assert.strictEqual(header(received, key), header(plain, key))
        assert.deepStrictEqual(toJson(received), toJson(plain))
      }),
      { numRuns: 500 }
    )
  })
})

describe("messages as JSON", () => {
  it("the last of a repeated header stands, values as received", () => {
    const [message] = decode(`${BANNER}Event: A\r\nVariable: X=1\r\nVariable: Y=2\r\nEmpty: \r\n\r\n`)
    assert.deepStrictEqual(message && toJson(message), { Event: "A", Variable: "Y=2", Empty: "" })
  })

  it("ChanVariable lines make an object, other headers of that kind are ordinary", () => {
    const lines = [
      "Event: A",
      "ChanVariable: a=1=2",
      "ChanVariable: b=",
      "DestChanVariable: c=3",
      "ChanVariable(x): d"
    ]
    const [message] = decode(`${BANNER}${lines.join("\r\n")}\r\n\r\n`)
    assert.deepStrictEqual(message && toJson(message), {
      Event: "A",
      DestChanVariable: "c=3",
      "ChanVariable(x)": "d",
      ChanVariable: { a: "1=2", b: "" }
    })
  })

  it("a ChanVariable without = drops the message", () => {
    const [message] = decode(`${BANNER}Event: A\r\nChanVariable: a\r\n\r\n`)
    assert.isDefined(message)
    assert.isUndefined(toJson(message))
  })

  it("a header named __proto__ is a header", () => {
    const [message] = decode(`${BANNER}Event: A\r\n__proto__: x\r\nChanVariable: __proto__=y\r\n\r\n`)
    assert.strictEqual(
      JSON.stringify(message && toJson(message)),
      '{"Event":"A","__proto__":"x","ChanVariable":{"__proto__":"y"}}'
    )
  })
})

const decodeBytes = (chunks: ReadonlyArray<Uint8Array>, options?: DecoderOptions) => {
  const decoder = new AmiDecoder(options)
  const messages: Array<ReceivedMessage> = []
  for (const chunk of chunks) {
    const failure = decoder.push(chunk, (message) => messages.push(message))
    assert.isUndefined(failure)
  }
  return messages
}

const decode = (text: string, options?: DecoderOptions) => decodeBytes([Buffer.from(text)], options)

const failureOf = (text: string, options: DecoderOptions, size: number) => {
  const decoder = new AmiDecoder(options)
  const bytes = Buffer.from(text)
  for (let start = 0; start < bytes.length; start += size) {
    const failure = decoder.push(bytes.subarray(start, start + size), () => {})
    if (failure !== undefined) return failure.reason
  }
  return undefined
}

const headersOf = (messages: ReadonlyArray<AmiMessage>) => messages.map((message) => message.headers)

const cutAt = (bytes: Uint8Array, cuts: ReadonlyArray<number>): ReadonlyArray<Uint8Array> => {
  const edges = [0, ...cuts.toSorted((left, right) => left - right), bytes.length]
  return edges.slice(1).map((end, index) => bytes.subarray(edges[index], end))
}

/** The recording's headers, found the slow and plain way. */
const expected = (name: Recording): ReadonlyArray<AmiMessage["headers"]> =>
  readRecording(name)
    .toString("utf8")
    .split("\r\n\r\n")
    .slice(0, -1)
    .map((message, index) => (index === 0 ? message.slice(message.indexOf("\r\n") + 2) : message))
    .map((message) =>
      message.split("\r\n").map((line) => {
        const colon = line.includes(": ") ? line.indexOf(": ") : line.indexOf(":")
        return [line.slice(0, colon), line.slice(colon + (line.includes(": ") ? 2 : 1))] as const
      })
    )
