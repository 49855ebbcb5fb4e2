import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { closes, ServerFrame } from "../../schemas/websocketd/frames.ts"
import { initFrame, type Reaction, react, type Session } from "./session.ts"

const before = (version: 1 | 2): Session => ({ version, started: false })
const after = (version: 1 | 2): Session => ({ version, started: true })
const silent = (reaction: Reaction) => "answer" in reaction && reaction.answer === undefined
const protocolError: Reaction = { kind: "close", close: { code: 4004, reason: "" } }

describe("protocol of a session (events.md 4.2)", () => {
  it("init names the version in force", () => {
    assert.strictEqual(initFrame(1), '{"op":"init","code":0,"data":{"version":1}}')
    assert.strictEqual(initFrame(2), '{"op":"init","code":0,"data":{"version":2}}')
  })

  it("subscribe names the event and is answered", () => {
    assert.deepStrictEqual(react(before(2), '{"op":"subscribe","data":{"event_name":"call_created"}}'), {
      kind: "subscribe",
      eventName: "call_created",
      answer: '{"op":"subscribe","code":0,"data":null}'
    })
  })

  it("an empty event_name is legal", () => {
    assert.include(react(before(1), '{"op":"subscribe","data":{"event_name":""}}'), {
      kind: "subscribe",
      eventName: ""
    })
  })

  it("start is answered in both versions, also when repeated", () => {
    for (const session of [before(1), after(1), before(2), after(2)]) {
      assert.deepStrictEqual(react(session, '{"op":"start"}'), {
        kind: "start",
        answer: '{"op":"start","code":0,"data":null}'
      })
    }
  })

  it("version 1 answers subscribe and token only before start", () => {
    const subscribe = '{"op":"subscribe","data":{"event_name":"*"}}'
    const token = '{"op":"token","data":{"token":"t"}}'
    assert.isFalse(silent(react(before(1), subscribe)))
    assert.isFalse(silent(react(before(1), token)))
    assert.isTrue(silent(react(after(1), subscribe)))
    assert.isTrue(silent(react(after(1), token)))
  })

  it("version 2 answers subscribe and token before and after start", () => {
    for (const session of [before(2), after(2)]) {
      assert.isFalse(silent(react(session, '{"op":"subscribe","data":{"event_name":"*"}}')))
      assert.isFalse(silent(react(session, '{"op":"token","data":{"token":"t"}}')))
    }
  })

  it("ping is echoed as pong in version 2 and ignored in version 1", () => {
    const ping = '{"op":"ping","data":{"payload":"x\\"1"}}'
    assert.deepStrictEqual(react(after(2), ping), {
      kind: "answer",
      answer: '{"op":"pong","code":0,"data":{"payload":"x\\"1"}}'
    })
    assert.isTrue(silent(react(before(1), ping)))
    assert.isTrue(silent(react(after(1), ping)))
  })

  it("unknown keys are ignored, also data of any type where the op needs none", () => {
    for (const data of ["5", '"x"', "null", "[]", "{}", "true"]) {
      assert.strictEqual(react(before(1), `{"op":"start","data":${data}}`).kind, "start")
    }
    const extra = '{"op":"ping","id":1,"data":{"payload":"p","more":[1]}}'
    assert.deepStrictEqual(react(before(2), extra), {
      kind: "answer",
      answer: '{"op":"pong","code":0,"data":{"payload":"p"}}'
    })
  })

  it.each([
    ["a binary frame", null],
    ["an empty text", ""],
    ["no JSON", "{op: start}"],
    ["JSON cut short", '{"op":"start"'],
    ["a root that is an array", '["start"]'],
    ["a root that is a string", '"start"'],
    ["a root that is null", "null"],
    ["no op", '{"data":{}}'],
    ["an op that is no string", '{"op":1}'],
    ["an unknown op", '{"op":"unsubscribe"}'],
    ["the presence op of old", '{"op":"presence","data":{"user_uuid":"x"}}'],
    ["an op in other letters", '{"op":"Start"}'],
    ["subscribe without data", '{"op":"subscribe"}'],
    ["subscribe with data null", '{"op":"subscribe","data":null}'],
    ["subscribe with data that is an array", '{"op":"subscribe","data":[]}'],
    ["subscribe without event_name", '{"op":"subscribe","data":{}}'],
    ["event_name that is no string", '{"op":"subscribe","data":{"event_name":1}}'],
    ["event_name null", '{"op":"subscribe","data":{"event_name":null}}'],
    ["token without data", '{"op":"token"}'],
    ["token that is no string", '{"op":"token","data":{"token":{}}}'],
    ["ping without data", '{"op":"ping"}'],
    ["ping without payload", '{"op":"ping","data":{}}'],
    ["payload that is no string", '{"op":"ping","data":{"payload":7}}']
  ])("%s closes with 4004 and an empty reason in every version and state", (_, message) => {
    for (const session of [before(1), after(1), before(2), after(2)]) {
      assert.deepStrictEqual(react(session, message), protocolError)
    }
  })

  it("JSON nested half a million levels deep is refused or ignored like any other", () => {
    const deep = "[".repeat(500_000) + "]".repeat(500_000)
    assert.deepStrictEqual(react(before(2), deep), protocolError)
    assert.strictEqual(react(before(2), `{"op":"start","data":${deep}}`).kind, "start")
    assert.deepStrictEqual(react(before(2), `{"op":"ping","data":{"payload":${deep}}}`), protocolError)
  })

  it("every answer is a server frame of the schema", () => {
    const isServerFrame = Schema.is(ServerFrame)
    for (const message of [
      '{"op":"start"}',
      '{"op":"subscribe","data":{"event_name":"*"}}',
      '{"op":"token","data":{"token":"t"}}',
      '{"op":"ping","data":{"payload":""}}'
    ]) {
      const reaction = react(before(2), message)
      assert.isTrue("answer" in reaction && isServerFrame(JSON.parse(reaction.answer ?? "null")), message)
    }
    assert.isTrue(isServerFrame(JSON.parse(initFrame(1))))
  })

  it("close codes and reasons are the contract's (4.3)", () => {
    assert.deepInclude(closes, {
      noToken: { code: 4001, reason: "no token" },
      authenticationFailed: { code: 4002, reason: "authentication failed" },
      authenticationExpired: { code: 4003, reason: "authentication expired" },
      protocolError: { code: 4004, reason: "" },
      internalError: { code: 1011, reason: "" },
      serverStopping: { code: 1001, reason: "" }
    })
  })
})
