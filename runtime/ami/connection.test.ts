import { createHash } from "node:crypto"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Logger, Queue, Redacted, Scope } from "effect"
import { TestClock } from "effect/testing"
import { type AmiMessage, header } from "./ami.ts"
import { type AmiConnectionOptions, type AmiCredentials, openConnection } from "./connection.ts"
import { readDialogue, readRecording } from "./recordings.ts"
import { scriptedPeer, type ScriptedPeer } from "./scripted-peer.ts"

describe("opening a connection", () => {
  it.live("reads the banner, and passes on the events behind it", () =>
    Effect.gen(function* () {
      const { peer, connection } = yield* connected()
      assert.strictEqual(connection.banner, "Asterisk Call Manager/13.0.0")
      const events = yield* eventsOf(connection)
      yield* peer.say("Event: FullyBooted", "Status: Fully Booted")
      assert.strictEqual(header(yield* Queue.take(events), "Event"), "FullyBooted")
    })
  )

  it.live("a port where nobody listens is a lost connection that names the address", () =>
    Effect.gen(function* () {
      const { port } = yield* Effect.scoped(scriptedPeer())
      const error = yield* Effect.flip(open(port))
      assert.strictEqual(error._tag, "AmiConnectionLost")
      assert.strictEqual(error.message, `127.0.0.1:${port}: connection refused`)
    })
  )

  it.effect("a peer that accepts and says nothing is given up, and its socket closed", () =>
    Effect.gen(function* () {
      const peer = yield* scriptedPeer("")
      const opening = yield* Effect.forkChild(Effect.flip(open(peer.port, { connectTimeout: "5 seconds" })))
      yield* peer.accepted
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual((yield* Fiber.join(opening))._tag, "AmiConnectionLost")
      yield* peer.abandoned
    })
  )

  it.live("a peer that closes before its banner is a lost connection", () =>
    Effect.gen(function* () {
      const peer = yield* scriptedPeer("Asterisk Call")
      const opening = yield* Effect.forkChild(Effect.flip(open(peer.port)))
      yield* peer.accepted
      yield* peer.hangUp
      assert.strictEqual((yield* Fiber.join(opening))._tag, "AmiConnectionLost")
    })
  )

  it.live.each(["SSH-2.0-OpenSSH_9.2p1\r\n", "HTTP/1.1 400 Bad Request\r\n\r\n", "\u0016\u0003\u0001\0"])(
    "a peer that greets with %j speaks no AMI, and its socket is closed",
    (greeting) =>
      Effect.gen(function* () {
        const peer = yield* scriptedPeer(greeting)
        const error = yield* Effect.flip(open(peer.port))
        assert.strictEqual(error._tag, "AmiProtocolError")
        yield* peer.abandoned
      })
  )

  it.live("ends with its scope", () =>
    Effect.gen(function* () {
      const peer = yield* scriptedPeer()
      const scope = yield* Scope.make()
      const connection = yield* open(peer.port).pipe(Scope.provide(scope))
      const waiting = yield* Effect.forkChild(Effect.flip(connection.send({ action: "Ping" })))
      yield* peer.next
      yield* Scope.close(scope, Exit.void)
      yield* peer.abandoned
      assert.strictEqual((yield* Fiber.join(waiting))._tag, "AmiUnavailable")
      assert.isFalse(connection.isOpen())
    })
  )
})

describe("logging in", () => {
  it.live("plain: sends user and secret, and asks for no selection of events", () =>
    Effect.gen(function* () {
      const { peer, connection } = yield* connected()
      const login = yield* Effect.forkChild(connection.login(plain))
      const action = yield* peer.next
      assert.deepStrictEqual(
        action.headers.filter(([name]) => name !== "ActionID"),
        [
          ["Action", "Login"],
          ["Username", "accent_amid"],
          ["Secret", "s3cret"]
        ]
      )
      yield* peer.answer(action, "Success", "Message: Authentication accepted")
      yield* Fiber.join(login)
    })
  )

  it.live("md5: answers the challenge with the digest and never sends the secret", () =>
    Effect.gen(function* () {
      const { peer, connection } = yield* connected()
      const login = yield* Effect.forkChild(connection.login({ ...plain, authType: "md5" }))
      const challenge = yield* peer.next
      assert.strictEqual(header(challenge, "Action"), "Challenge")
      assert.strictEqual(header(challenge, "AuthType"), "MD5")
      yield* peer.answer(challenge, "Success", "Challenge: 840415273")
      const action = yield* peer.next
      assert.deepStrictEqual(
        action.headers.filter(([name]) => name !== "ActionID"),
        [
          ["Action", "Login"],
          ["Username", "accent_amid"],
          ["AuthType", "MD5"],
          ["Key", createHash("md5").update("840415273s3cret").digest("hex")]
        ]
      )
      yield* peer.answer(action, "Success", "Message: Authentication accepted")
      yield* Fiber.join(login)
    })
  )

  it.live("wrong credentials are refused in Asterisk's words, unlike a lost connection", () =>
    Effect.gen(function* () {
      const { peer, connection } = yield* connected()
      const login = yield* Effect.forkChild(Effect.flip(connection.login(plain)))
      yield* peer.answer(yield* peer.next, "Error", "Message: Authentication failed")
      yield* peer.hangUp
      const error = yield* Fiber.join(login)
      assert.strictEqual(error._tag, "AmiLoginRefused")
      assert.strictEqual(error.message, "Authentication failed")
      assert.strictEqual((yield* connection.closed)._tag, "AmiConnectionLost")
    })
  )

  it.live("a peer without MD5 refuses at the challenge", () =>
    Effect.gen(function* () {
      const { peer, connection } = yield* connected()
      const login = yield* Effect.forkChild(Effect.flip(connection.login({ ...plain, authType: "md5" })))
      yield* peer.answer(yield* peer.next, "Error", "Message: Must specify AuthType")
      const error = yield* Fiber.join(login)
      assert.strictEqual(error._tag, "AmiLoginRefused")
      assert.strictEqual(error.message, "Must specify AuthType")
    })
  )

  it.live("a connection lost before the answer is no refusal", () =>
    Effect.gen(function* () {
      const { peer, connection } = yield* connected()
      const login = yield* Effect.forkChild(Effect.flip(connection.login(plain)))
      yield* peer.next
      yield* peer.hangUp
      assert.strictEqual((yield* Fiber.join(login))._tag, "AmiUnavailable")
    })
  )

  it.effect("no answer to the login times out, and no error shows the secret", () =>
    Effect.gen(function* () {
      const { peer, connection } = yield* connected()
      const login = yield* Effect.forkChild(Effect.flip(connection.login(plain)))
      yield* peer.next
      yield* TestClock.adjust("10 seconds")
      const late = yield* Fiber.join(login)
      assert.strictEqual(late._tag, "AmiTimeout")
      const secret = Redacted.make("s3cret\r\nAction: Originate")
      const invalid = yield* Effect.flip(connection.login({ ...plain, secret }))
      assert.strictEqual(invalid._tag, "AmiInvalidAction")
      for (const error of [late, invalid]) {
        assert.notInclude(`${String(error)} ${error.stack} ${JSON.stringify(error)}`, "s3cret")
      }
    })
  )
})

describe("sending actions", () => {
  it.live("an error response is an answer; the internal ActionID is not shown", () =>
    Effect.gen(function* () {
      const { peer, connection } = yield* connected()
      const sending = yield* Effect.forkChild(connection.send({ action: "Nonsense" }))
      yield* peer.answer(yield* peer.next, "Error", "Message: Invalid/unknown command: Nonsense.")
      const answer = yield* Fiber.join(sending)
      assert.deepStrictEqual(answer.response.headers, [
        ["Response", "Error"],
        ["Message", "Invalid/unknown command: Nonsense."]
      ])
      assert.deepStrictEqual(answer.events, [])
    })
  )

  it.live("the client's ActionID comes back in response and list, whatever travels on the wire", () =>
    Effect.gen(function* () {
      const { peer, connection } = yield* connected()
      const sending = yield* Effect.forkChild(
        connection.send({
          action: "QueueStatus",
          headers: [
            ["actionid", "mine"],
            ["Queue", "sales"]
          ]
        })
      )
      const action = yield* peer.next
      assert.notStrictEqual(header(action, "ActionID"), "mine")
      assert.strictEqual(action.headers.length, 3)
      yield* peer.answer(action, "Success", "EventList: start", "Message: Queue status will follow")
      yield* peer.list(action, "QueueParams", "Queue: sales")
      yield* peer.list(action, "QueueStatusComplete", "EventList: Complete", "ListItems: 1")
      const { response, events } = yield* Fiber.join(sending)
      assert.deepStrictEqual(
        [response, ...events].map((message) => header(message, "ActionID")),
        ["mine", "mine", "mine"]
      )
    })
  )

  it.live("a list ends at EventList: cancelled too, and its events are not passed on", () =>
    Effect.gen(function* () {
      const { peer, connection } = yield* connected()
      const events = yield* eventsOf(connection)
      const sending = yield* Effect.forkChild(connection.send({ action: "Originate" }))
      const action = yield* peer.next
      yield* peer.answer(action, "Success", "EventList: start")
      yield* peer.say("Event: Hangup", "Channel: PJSIP/1")
      yield* peer.list(action, "Item", "Name: 1")
      yield* peer.list(action, "Cancelled", "EventList: cancelled")
      yield* peer.say("Event: Newchannel")
      const answer = yield* Fiber.join(sending)
      assert.deepStrictEqual(namesOf(answer.events), ["Item", "Cancelled"])
      assert.deepStrictEqual(namesOf([yield* Queue.take(events), yield* Queue.take(events)]), [
        "Hangup",
        "Newchannel"
      ])
    })
  )

  it.live("answers and lists of several actions may interleave with each other and with events", () =>
    Effect.gen(function* () {
      const { peer, connection } = yield* connected()
      const events = yield* eventsOf(connection)
      const first = yield* Effect.forkChild(connection.send({ action: "QueueStatus" }))
      const one = yield* peer.next
      const second = yield* Effect.forkChild(connection.send({ action: "DeviceStateList" }))
      const two = yield* peer.next
      const third = yield* Effect.forkChild(connection.send({ action: "Ping" }))
      const three = yield* peer.next
      yield* peer.answer(two, "Success", "EventList: start")
      yield* peer.say("Event: A")
      yield* peer.answer(one, "Success", "EventList: start")
      yield* peer.list(two, "State", "Device: 1")
      yield* peer.list(one, "Member", "Name: 1")
      yield* peer.answer(three, "Success", "Ping: Pong")
      yield* peer.say("Event: B")
      yield* peer.list(one, "Done", "EventList: Complete")
      yield* peer.list(two, "State", "Device: 2")
      yield* peer.list(two, "Done", "EventList: Complete")
      assert.deepStrictEqual(namesOf((yield* Fiber.join(first)).events), ["Member", "Done"])
      assert.deepStrictEqual(namesOf((yield* Fiber.join(second)).events), ["State", "State", "Done"])
      assert.strictEqual(header((yield* Fiber.join(third)).response, "Ping"), "Pong")
      assert.deepStrictEqual(namesOf([yield* Queue.take(events), yield* Queue.take(events)]), ["A", "B"])
    })
  )

  it.live("the event a UserEvent raises is an ordinary event, with the client's ActionID or none", () =>
    Effect.gen(function* () {
      const { peer, connection } = yield* connected()
      const events = yield* eventsOf(connection)
      for (const given of [[], [["ActionID", "mine"]]] as const) {
        const sending = yield* Effect.forkChild(
          connection.send({ action: "UserEvent", headers: [["UserEvent", "Probe"], ...given] })
        )
        const action = yield* peer.next
        yield* peer.answer(action, "Success", "Message: Event Sent")
        yield* peer.say("Event: UserEvent", "UserEvent: Probe", `ActionID: ${header(action, "ActionID")}`)
        assert.deepStrictEqual((yield* Fiber.join(sending)).events, [])
        assert.deepStrictEqual((yield* Queue.take(events)).headers, [
          ["Event", "UserEvent"],
          ["UserEvent", "Probe"],
          ...given
        ])
      }
    })
  )

  it.live("an event with the ActionID of another client is left as it is", () =>
    Effect.gen(function* () {
      const { peer, connection } = yield* connected()
      const events = yield* eventsOf(connection)
      yield* peer.say("Event: OriginateResponse", "ActionID: theirs", "Response: Failure")
      assert.strictEqual(header(yield* Queue.take(events), "ActionID"), "theirs")
    })
  )

  it.live("an action answered twice is harmless, list and all", () =>
    Effect.gen(function* () {
      const { peer, connection } = yield* connected()
      const events = yield* eventsOf(connection)
      const sending = yield* Effect.forkChild(connection.send({ action: "QueueStatus" }))
      const action = yield* peer.next
      for (let time = 0; time < 2; time++) {
        yield* peer.answer(action, "Success", "EventList: start")
        yield* peer.answer(action, "Success", "EventList: start")
        yield* peer.list(action, "Item")
        yield* peer.list(action, "Done", "EventList: Complete")
      }
      assert.deepStrictEqual(namesOf((yield* Fiber.join(sending)).events), ["Item", "Done"])
      yield* peer.say("Event: After")
      assert.deepStrictEqual(namesOf([yield* Queue.take(events)]), ["After"])
    })
  )

  it.effect("an action never answered times out; its late answer and list go nowhere", () =>
    Effect.gen(function* () {
      const { peer, connection } = yield* connected({ actionTimeout: "3 seconds" })
      const events = yield* eventsOf(connection)
      const sending = yield* Effect.forkChild(Effect.flip(connection.send({ action: "QueueStatus" })))
      const action = yield* peer.next
      yield* TestClock.adjust("3 seconds")
      const error = yield* Fiber.join(sending)
      assert.strictEqual(error._tag, "AmiTimeout")
      assert.include(error.message, "QueueStatus")
      yield* peer.answer(action, "Success", "EventList: start")
      yield* peer.list(action, "Item")
      yield* peer.list(action, "Done", "EventList: Complete")
      yield* peer.say("Event: After")
      assert.deepStrictEqual(namesOf([yield* Queue.take(events)]), ["After"])
      yield* pingPong(peer, connection)
    })
  )

  it.effect("a list that times out half way is swallowed to its end", () =>
    Effect.gen(function* () {
      const { peer, connection } = yield* connected()
      const events = yield* eventsOf(connection)
      const sending = yield* Effect.forkChild(Effect.flip(connection.send({ action: "QueueStatus" })))
      const action = yield* peer.next
      yield* peer.answer(action, "Success", "EventList: start")
      yield* peer.list(action, "Item")
      yield* peer.say("Event: Between")
      assert.deepStrictEqual(namesOf([yield* Queue.take(events)]), ["Between"])
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual((yield* Fiber.join(sending))._tag, "AmiTimeout")
      yield* peer.list(action, "Item")
      yield* peer.list(action, "Done", "EventList: Complete")
      yield* peer.list(action, "UserEvent")
      assert.deepStrictEqual(namesOf([yield* Queue.take(events)]), ["UserEvent"])
    })
  )

  it.live("an interrupted caller leaves the connection in order", () =>
    Effect.gen(function* () {
      const { peer, connection } = yield* connected()
      const sending = yield* Effect.forkChild(connection.send({ action: "QueueStatus" }))
      const action = yield* peer.next
      yield* Fiber.interrupt(sending)
      yield* peer.answer(action, "Success", "Message: late")
      yield* pingPong(peer, connection)
    })
  )

  it.live("a thousand actions are in flight at once and each gets its own answer", () =>
    Effect.gen(function* () {
      const { peer, connection } = yield* connected()
      const sending = yield* Effect.forkChild(
        Effect.forEach(
          Array.from({ length: 1000 }, (_, index) => String(index)),
          (value) => connection.send({ action: "Getvar", headers: [["Variable", value]] }),
          { concurrency: "unbounded" }
        )
      )
      const actions = yield* Effect.replicateEffect(peer.next, 1000)
      assert.strictEqual(new Set(actions.map((action) => header(action, "ActionID"))).size, 1000)
      for (const action of actions.toReversed()) {
        yield* peer.answer(action, "Success", `Value: ${header(action, "Variable")}`)
      }
      const answers = yield* Fiber.join(sending)
      assert.deepStrictEqual(
        answers.map(({ response }) => header(response, "Value")),
        answers.map((_, index) => String(index))
      )
    })
  )

  it.live("an invalid action is refused and nothing of it is sent", () =>
    Effect.gen(function* () {
      const { peer, connection } = yield* connected()
      const injected = { action: "Ping", headers: [["A", "1\r\n\r\nAction: Originate"]] } as const
      assert.strictEqual((yield* Effect.flip(connection.send(injected)))._tag, "AmiInvalidAction")
      yield* pingPong(peer, connection)
      assert.strictEqual(yield* peer.untaken, 0)
    })
  )

  it.live("a peer that does not read gets no more actions than fit", () =>
    Effect.gen(function* () {
      const { peer, connection } = yield* connected({ actionTimeout: "1 minute" })
      yield* peer.stall
      const headers = Array.from({ length: 100 }, () => ["Variable", "x".repeat(1000)] as const)
      const refused = yield* Deferred.make<boolean>()
      const send = connection
        .send({ action: "Originate", headers })
        .pipe(Effect.tapError((error) => Deferred.succeed(refused, "sent" in error && !error.sent)))
      const flood = Effect.andThen(Effect.forkChild(send), Effect.yieldNow)
      yield* Effect.forkChild(Effect.replicateEffect(flood, 1000))
      assert.isTrue(yield* Deferred.await(refused))
    })
  )

  it.live("WaitEvent is answered with the events up to WaitEventComplete, which carry no ActionID", () =>
    Effect.gen(function* () {
      const { peer, connection } = yield* connected()
      const events = yield* eventsOf(connection)
      const sending = yield* Effect.forkChild(
        connection.send({ action: "WaitEvent", headers: [["Timeout", "5"]] })
      )
      const action = yield* peer.next
      yield* peer.answer(action, "Success", "Message: Waiting for Event completed.")
      yield* peer.say("Event: QueueMemberPause", "Queue: sales")
      yield* peer.say("Event: Hangup")
      yield* peer.list(action, "WaitEventComplete")
      const answer = yield* Fiber.join(sending)
      assert.deepStrictEqual(namesOf(answer.events), ["QueueMemberPause", "Hangup", "WaitEventComplete"])
      assert.isUndefined(answer.events.find((event) => header(event, "ActionID") !== undefined))
      yield* peer.say("Event: After")
      assert.deepStrictEqual(namesOf([yield* Queue.take(events)]), ["After"])
    })
  )

  it.live("a WaitEvent that Asterisk refuses is answered by its error alone", () =>
    Effect.gen(function* () {
      const { peer, connection } = yield* connected()
      const sending = yield* Effect.forkChild(connection.send({ action: "waitevent" }))
      yield* peer.answer(yield* peer.next, "Error", "Message: Permission denied")
      assert.strictEqual(header((yield* Fiber.join(sending)).response, "Message"), "Permission denied")
    })
  )

  it.live("the recorded dialogue answers each of its 56 actions as Asterisk did", () =>
    Effect.gen(function* () {
      const { peer, connection } = yield* connected()
      const actions = readDialogue().map(({ sent }) => {
        const [[, action] = ["", ""], ...headers] = sent.map(split)
        return { action, headers }
      })
      assert.strictEqual(actions.length, 56)
      const sending = yield* Effect.forEach(actions, (action) => Effect.forkChild(connection.send(action)))
      let recorded = readRecording("queue-calls.responses.ami").toString("utf8")
      recorded = recorded.slice(recorded.indexOf("\n") + 1)
      for (const action of actions) {
        const wireId = header(yield* peer.next, "ActionID")
        recorded = recorded.replaceAll(
          `ActionID: ${header(action, "ActionID")}\r\n`,
          `ActionID: ${wireId}\r\n`
        )
      }
      yield* peer.write(recorded)
      const answers = yield* Effect.forEach(sending, Fiber.join)
      const received = answers.flatMap(({ response, events }) => [response, ...events])
      const spoken = readDialogue().flatMap((step) => step.received)
      assert.strictEqual(received.length, spoken.filter((line) => line === "").length)
      assert.sameDeepMembers(
        received.flatMap((message) => message.headers.map(([name, value]) => `${name}: ${value}`)),
        spoken.filter((line) => line !== "")
      )
      const command = answers[actions.findIndex((action) => header(action, "Command") === "no such command")]
      assert.strictEqual(command && header(command.response, "Response"), "Error")
      assert.isTrue(header(command?.response ?? { headers: [] }, "Output")?.startsWith("No such command"))
    })
  )
})

describe("losing the connection", () => {
  it.live("fails what is pending at once as sent, and what comes later as not sent", () =>
    Effect.gen(function* () {
      const { peer, connection } = yield* connected()
      const sending = yield* Effect.forkChild(
        Effect.forEach(["Ping", "QueueStatus"], (action) => Effect.flip(connection.send({ action })), {
          concurrency: "unbounded"
        })
      )
      yield* peer.next
      yield* peer.answer(yield* peer.next, "Success", "EventList: start")
      yield* peer.hangUp
      for (const error of yield* Fiber.join(sending)) {
        assert.strictEqual(error._tag, "AmiUnavailable")
        assert.isTrue(error._tag === "AmiUnavailable" && error.sent)
      }
      yield* connection.closed
      const later = yield* Effect.flip(connection.send({ action: "Ping" }))
      assert.isTrue(later._tag === "AmiUnavailable" && !later.sent)
      assert.isFalse(connection.isOpen())
    })
  )

  it.live("tells that the peer closed in the middle of a message, whose part is not delivered", () =>
    Effect.gen(function* () {
      const { peer, connection } = yield* connected()
      const events = yield* eventsOf(connection)
      yield* peer.write("Event: A\r\n\r\nEvent: B\r\nQueue: sa")
      yield* peer.hangUp
      const reason = yield* connection.closed
      assert.strictEqual(reason._tag, "AmiConnectionLost")
      assert.include(reason.message, "in the middle of a message")
      assert.deepStrictEqual(namesOf(yield* Queue.takeAll(events)), ["A"])
    })
  )

  it.live("a peer that breaks the bounds is dropped with what it did", () =>
    Effect.gen(function* () {
      const { peer, connection } = yield* connected()
      yield* peer.write(`Event: ${"x".repeat(100_000)}`)
      const reason = yield* connection.closed
      assert.strictEqual(reason._tag === "AmiProtocolError" && reason.reason, "line-too-long")
      yield* peer.abandoned
    })
  )
})

describe("keepalive", () => {
  it.effect(
    "pings after 30 s of silence, again after the next, and drops the peer 10 s after no answer",
    () =>
      Effect.gen(function* () {
        const { peer, connection } = yield* loggedIn({ pingInterval: "30 seconds" })
        for (let time = 0; time < 2; time++) {
          yield* TestClock.adjust("29 seconds")
          assert.strictEqual(yield* peer.untaken, 0)
          yield* TestClock.adjust("1 second")
          const ping = yield* peer.next
          assert.strictEqual(header(ping, "Action"), "Ping")
          const events = yield* eventsOf(connection)
          yield* peer.answer(ping, "Success", "Ping: Pong")
          yield* peer.say("Event: Behind")
          yield* Queue.take(events)
        }
        yield* TestClock.adjust("30 seconds")
        yield* peer.next
        yield* TestClock.adjust("9 seconds")
        assert.isTrue(connection.isOpen())
        yield* TestClock.adjust("1 second")
        assert.include((yield* connection.closed).message, "ping")
        yield* peer.abandoned
      })
  )

  it.effect("does not ping while the peer talks", () =>
    Effect.gen(function* () {
      const { peer, connection } = yield* loggedIn({ pingInterval: "30 seconds" })
      const events = yield* eventsOf(connection)
      for (let time = 0; time < 5; time++) {
        yield* TestClock.adjust("20 seconds")
        yield* peer.say("Event: Busy")
        yield* Queue.take(events)
      }
      const answering = yield* Effect.forkChild(connection.send({ action: "First" }))
      const first = yield* peer.next
      assert.strictEqual(header(first, "Action"), "First")
      yield* peer.answer(first, "Success")
      yield* Fiber.join(answering)
    })
  )

  it.effect("does not ping before the login, nor on a connection without ping interval", () =>
    Effect.gen(function* () {
      const anonymous = yield* connected({ pingInterval: "30 seconds" })
      const unwatched = yield* loggedIn({})
      yield* TestClock.adjust("1 hour")
      yield* pingPong(anonymous.peer, anonymous.connection)
      yield* pingPong(unwatched.peer, unwatched.connection)
    })
  )
})

describe("asynchronous events", () => {
  it.live("come in the order received, also those of one read", () =>
    Effect.gen(function* () {
      const { peer, connection } = yield* connected()
      const events = yield* eventsOf(connection)
      const numbers = Array.from({ length: 3000 }, (_, number) => String(number))
      yield* peer.write(numbers.map((number) => `Event: E\r\nN: ${number}\r\n\r\n`).join(""))
      const received = yield* Effect.replicateEffect(Queue.take(events), numbers.length)
      assert.deepStrictEqual(
        received.map((event) => header(event, "N")),
        numbers
      )
    })
  )

  const logged: Array<unknown> = []
  it.live("reach every handler, also behind one that fails, which is logged, and none that has stopped", () =>
    Effect.gen(function* () {
      const { peer, connection } = yield* connected()
      connection.onEvent(() => {
        throw new Error("a handler's mistake")
      })
      const stopped: Array<AmiMessage> = []
      connection.onEvent((event) => stopped.push(event))()
      const events = yield* eventsOf(connection)
      yield* peer.say("Event: A")
      yield* peer.say("Event: B")
      assert.deepStrictEqual(namesOf([yield* Queue.take(events), yield* Queue.take(events)]), ["A", "B"])
      assert.deepStrictEqual(stopped, [])
      assert.isTrue(connection.isOpen())
      assert.strictEqual(logged.length, 2)
    }).pipe(Effect.provide(Logger.layer([Logger.make(({ message }) => logged.push(message))])))
  )

  it.live("of the recorded calls all arrive", () =>
    Effect.gen(function* () {
      const { peer, connection } = yield* connected()
      const events = yield* eventsOf(connection)
      const recording = readRecording("queue-calls.events.ami")
      yield* peer.write(recording.subarray(recording.indexOf("\n") + 1))
      const received = yield* Effect.replicateEffect(Queue.take(events), 342)
      const probe = received.find((event) => header(event, "UserEvent") === "StrowgerProbe")
      assert.strictEqual(probe && header(probe, "ActionID"), "ctl-42")
      assert.isDefined(received.find((event) => header(event, "CallerIDName") === "Zoë O\\'Neil"))
    })
  )
})

const plain: AmiCredentials = {
  username: "accent_amid",
  secret: Redacted.make("s3cret"),
  authType: "plain"
}

type Connection = Effect.Success<ReturnType<typeof open>>
type Options = Omit<AmiConnectionOptions, "host" | "port">

const open = (port: number, options: Options = {}) => openConnection({ host: "127.0.0.1", port, ...options })

const connected = Effect.fnUntraced(function* (options: Options = {}) {
  const peer = yield* scriptedPeer()
  const connection = yield* open(peer.port, options)
  yield* peer.accepted
  return { peer, connection }
})

const loggedIn = Effect.fnUntraced(function* (options: Options) {
  const { peer, connection } = yield* connected(options)
  const login = yield* Effect.forkChild(connection.login(plain))
  yield* peer.answer(yield* peer.next, "Success", "Message: Authentication accepted")
  yield* Fiber.join(login)
  return { peer, connection }
})

const eventsOf = Effect.fnUntraced(function* (connection: Connection) {
  const events = yield* Queue.unbounded<AmiMessage>()
  connection.onEvent((event) => Queue.offerUnsafe(events, event))
  return events
})

/** The connection still works, and `next` is the next thing that the peer hears. */
const pingPong = Effect.fnUntraced(function* (peer: ScriptedPeer, connection: Connection) {
  const sending = yield* Effect.forkChild(connection.send({ action: "Ping" }))
  const action = yield* peer.next
  assert.strictEqual(header(action, "Action"), "Ping")
  yield* peer.answer(action, "Success", "Ping: Pong")
  assert.strictEqual(header((yield* Fiber.join(sending)).response, "Ping"), "Pong")
})

const namesOf = (messages: ReadonlyArray<AmiMessage>) => messages.map((message) => header(message, "Event"))

const split = (line: string): [string, string] => {
  const colon = line.indexOf(": ")
  return [line.slice(0, colon), line.slice(colon + 2)]
}
