import { createSocket } from "node:dgram"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { sendNotify } from "./notify.ts"

/** A phone that answers its n-th request with the n-th status; undefined: not at all. */
const phone = (...statuses: ReadonlyArray<number | undefined>) =>
  Effect.gen(function* () {
    const requests: Array<string> = []
    const socket = createSocket("udp4")
    socket.on("message", (packet, from) => {
      const text = packet.toString()
      const status = statuses[Math.min(requests.length, statuses.length - 1)]
      requests.push(text)
      if (status === undefined) return
      const copied = text.split("\r\n").filter((line) => /^(Via|From|To|Call-ID|CSeq):/.test(line))
      const answer = [`SIP/2.0 ${status} Whatever`, ...copied, "Content-Length: 0", "", ""].join("\r\n")
      // What belongs to another request is not the answer to this one.
      socket.send(
        answer.replace(/branch=\w+/, "branch=z9hG4bKother").replace(String(status), "500"),
        from.port
      )
      socket.send(answer, from.port)
    })
    yield* Effect.acquireRelease(
      Effect.callback<void>((resume) => {
        socket.bind(0, "127.0.0.1", () => resume(Effect.void))
      }),
      () => Effect.sync(() => socket.close())
    )
    return { port: socket.address().port, requests }
  })

describe("a NOTIFY straight to the phone", () => {
  it.live("carries the event and a body, and ends with the phone's 200", () =>
    Effect.gen(function* () {
      const { port, requests } = yield* phone(200)
      yield* sendNotify({
        address: "127.0.0.1",
        port,
        event: "service-control",
        contentType: "text/plain",
        body: "action=restart\r\n"
      })
      const [request = ""] = requests
      assert.match(request, new RegExp(`^NOTIFY sip:anonymous@127\\.0\\.0\\.1:${port} SIP/2\\.0\r\n`))
      assert.include(request, "\r\nEvent: service-control\r\n")
      assert.include(request, "\r\nContent-Type: text/plain\r\n")
      assert.include(request, "\r\nContent-Length: 16\r\n\r\naction=restart\r\n")
    })
  )

  it.live("is sent again, the same, to a phone that did not hear it", () =>
    Effect.gen(function* () {
      const { port, requests } = yield* phone(undefined, 100, 202)
      yield* sendNotify({ address: "127.0.0.1", port, event: "check-sync" })
      assert.strictEqual(requests.length, 3)
      assert.strictEqual(new Set(requests).size, 1)
    })
  )

  it.live("fails with the phone's refusal", () =>
    Effect.gen(function* () {
      const { port } = yield* phone(489)
      const failure = yield* Effect.flip(sendNotify({ address: "127.0.0.1", port, event: "check-sync" }))
      assert.strictEqual(failure.message, "The phone answers 489")
    })
  )
})
