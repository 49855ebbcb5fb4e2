import { connect, type Socket } from "node:net"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Scope } from "effect"
import type { AgiAnswer, AgiRequest } from "./agi.ts"
import { agiListener } from "./listener.ts"
import { askAgi, scriptedChannel } from "./scripted-channel.ts"

const echo = ({ query }: AgiRequest): Effect.Effect<AgiAnswer> =>
  Effect.succeed({
    variables: [
      ["DEVICE", query.get("id") ?? ""],
      ["STATUS", "OK"]
    ]
  })

const listening = (options: Partial<Parameters<typeof agiListener>[0]> = {}) =>
  agiListener({ host: "127.0.0.1", port: 0, answer: echo, ...options })

const question = "agi_network_script: agent?id=7"

describe("answering", () => {
  it.live("sets the variables one after the other and ends the connection", () =>
    Effect.gen(function* () {
      const { port } = yield* listening()
      const channel = yield* scriptedChannel(port)
      yield* channel.ask("agi_network: yes", question)
      assert.strictEqual(yield* channel.command, 'SET VARIABLE DEVICE "7"')
      yield* channel.write("200 result=1\n")
      assert.strictEqual(yield* channel.command, 'SET VARIABLE STATUS "OK"')
      yield* channel.write("200 result=1\n")
      yield* channel.ended
    })
  )

  it.live("a notice follows the variables", () =>
    Effect.gen(function* () {
      const { port } = yield* listening({
        answer: () => Effect.succeed({ variables: [], notice: "no such script" })
      })
      assert.deepStrictEqual(yield* askAgi(port, question), ['VERBOSE "no such script" 1'])
    })
  )

  it.live("many channels ask at once, each gets its own answer", () =>
    Effect.gen(function* () {
      const { port } = yield* listening()
      const answers = yield* Effect.forEach(
        Array.from({ length: 200 }, (_, id) => id),
        (id) => askAgi(port, `agi_network_script: agent?id=${id}`),
        { concurrency: 50 }
      )
      assert.deepStrictEqual(
        answers.map(([device]) => device),
        answers.map((_, id) => `SET VARIABLE DEVICE "${id}"`)
      )
    })
  )

  it.live("a channel that was hung up refuses the command, and the connection ends", () =>
    Effect.gen(function* () {
      const { port } = yield* listening()
      const channel = yield* scriptedChannel(port)
      yield* channel.ask(question)
      yield* channel.command
      yield* channel.write("HANGUP\n511 Command Not Permitted on a dead channel or intercept routine\n")
      yield* channel.ended
    })
  )

  it.live("a defect of one answer ends that connection, and the next one is answered", () =>
    Effect.gen(function* () {
      const { port } = yield* listening({
        answer: (request) => (request.script === "crash" ? Effect.die("crash") : echo(request))
      })
      assert.deepStrictEqual(yield* askAgi(port, "agi_network_script: crash"), [])
      assert.strictEqual((yield* askAgi(port, question)).length, 2)
    })
  )

  it.live("an answer that nobody waits for any more is given up", () =>
    Effect.gen(function* () {
      const begun = yield* Deferred.make<void>()
      const interrupted = yield* Deferred.make<void>()
      const { port } = yield* listening({
        answer: () =>
          Deferred.succeed(begun, undefined).pipe(
            Effect.andThen(Effect.never),
            Effect.onInterrupt(() => Deferred.succeed(interrupted, undefined))
          )
      })
      const channel = yield* scriptedChannel(port)
      yield* channel.ask(question)
      yield* Deferred.await(begun)
      channel.socket.destroy()
      yield* Deferred.await(interrupted)
    })
  )

  it.live("with its scope, open connections and the port are closed", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const { port } = yield* listening().pipe(Scope.provide(scope))
      const channel = yield* scriptedChannel(port)
      yield* Scope.close(scope, Exit.void)
      yield* channel.ended
      yield* listening({ port })
    })
  )

  it.live("a port that is taken is named", () =>
    Effect.gen(function* () {
      const { port } = yield* listening()
      const error = yield* Effect.flip(listening({ port }))
      assert.include(error.message, `127.0.0.1:${port}`)
    })
  )
})

describe("hostile peers", () => {
  it.live.each<[string, string]>([
    ["HTTP", "GET /agent?id=7 HTTP/1.1\r\n\r\n"],
    ["TLS", "\u0016\u0003\u0001\u0002\u0000\n"],
    ["a line without an end", "agi_network: ".padEnd(9_000, "x")],
    ["a request without an end", "agi_network: yes\n".repeat(10_000)],
    ["a reply before there was a command", "agi_network_script: never\n\n200 result=1\n"]
  ])("%s: the connection is cut", ([, bytes]) =>
    Effect.gen(function* () {
      const { port } = yield* listening({
        answer: (request) => (request.script === "never" ? Effect.never : echo(request)),
        deadline: "1 hour"
      })
      const channel = yield* scriptedChannel(port)
      yield* channel.write(bytes)
      yield* channel.ended
      assert.strictEqual((yield* askAgi(port, question)).length, 2)
    })
  )

  it.live.each<[string, string]>([
    ["sends nothing", ""],
    ["sends no empty line", "agi_network: yes\n"],
    ["does not reply", `${question}\n\n`]
  ])("one that %s is cut at the deadline", ([, bytes]) =>
    Effect.gen(function* () {
      const { port } = yield* listening({ deadline: "50 millis" })
      const channel = yield* scriptedChannel(port)
      yield* channel.write(bytes)
      yield* channel.ended
    })
  )

  it.live("one that drips byte by byte is cut at the deadline", () =>
    Effect.gen(function* () {
      const { port } = yield* listening({ deadline: "100 millis" })
      const channel = yield* scriptedChannel(port)
      yield* Effect.raceFirst(
        channel.ended,
        channel.write("agi_network: yes").pipe(Effect.delay("5 millis"), Effect.forever)
      )
    })
  )

  it.live("one that never reads and never ends its usage lines is cut at the deadline", () =>
    Effect.gen(function* () {
      const { port } = yield* listening({ deadline: "100 millis" })
      const channel = yield* scriptedChannel(port)
      channel.socket.pause()
      yield* channel.write(`${question}\n\n520-Usage\n`)
      yield* Effect.raceFirst(
        channel.ended,
        channel.write("usage\n").pipe(Effect.delay("5 millis"), Effect.forever)
      )
    })
  )

  it.live("thousands of silent connections keep nobody waiting longer than the deadline", () =>
    Effect.gen(function* () {
      const { port } = yield* listening({ deadline: "300 millis", maxConnections: 100 })
      const idle: Array<Socket> = []
      yield* Effect.addFinalizer(() => Effect.sync(() => idle.forEach((socket) => socket.destroy())))
      for (let count = 0; count < 2_000; count++) {
        const socket = connect({ host: "127.0.0.1", port })
        socket.on("error", () => {})
        idle.push(socket)
      }
      const answered = yield* askAgi(port, question).pipe(
        Effect.repeat({ until: (told) => told.length === 2 })
      )
      assert.strictEqual(answered[0], 'SET VARIABLE DEVICE "7"')
    })
  )
})
