import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Scope } from "effect"
import { eventually } from "../../test/eventually.ts"
import { tftpRead } from "./client.ts"
import { encodeAck, encodeReadRequest } from "./codec.ts"
import { tftpListener, type TftpListenerOptions } from "./listener.ts"
import { scriptedClient } from "./scripted-client.ts"
import { bytesSource } from "./tftp.ts"

const pattern = (length: number) => Buffer.from(Uint8Array.from({ length }, (_, index) => index % 251))

const files: Readonly<Record<string, Buffer>> = {
  "/empty": pattern(0),
  "/small": pattern(10),
  "/block": pattern(512),
  "/two-blocks": pattern(1_024),
  "/large": pattern(100_001)
}

const listening = (options: Partial<TftpListenerOptions> = {}) =>
  tftpListener({
    host: "127.0.0.1",
    port: 0,
    drainTimeout: "10 millis",
    open: ({ path }) => {
      const bytes = files[path]
      return bytes && bytesSource(bytes)
    },
    ...options
  })

const read = (port: number, path: string, options: Readonly<Record<string, string>> = {}) =>
  tftpRead({ host: "127.0.0.1", port, path, options })

const refused = (port: number, path: string) => Effect.map(Effect.flip(read(port, path)), ({ code }) => code)

const data = (block: number, content: Buffer) =>
  Buffer.concat([Buffer.from([0, 3, block >> 8, block & 0xff]), content])

const request = (path: string, options: Readonly<Record<string, string>> = {}, mode = "octet") =>
  encodeReadRequest(path, mode, options)

const errorCodeOf = (bytes: Buffer) => {
  assert.strictEqual(bytes.readUInt16BE(0), 5)
  return bytes.readUInt16BE(2)
}

describe("a file that is there", () => {
  it.live.each([
    ["empty", {}],
    ["small", {}],
    ["block", {}],
    ["two-blocks", {}],
    ["large", {}],
    ["large", { blksize: "8" }],
    ["large", { blksize: "1428" }],
    ["large", { blksize: "65464" }],
    ["large", { blksize: "512", windowsize: "16" }],
    ["two-blocks", { windowsize: "4" }]
  ] as const)("comes whole: %s with %o", ([name, options]) =>
    Effect.gen(function* () {
      const { port } = yield* listening()
      const { content } = yield* read(port, name, options)
      assert.isTrue(content.equals(files[`/${name}`] ?? Buffer.alloc(0)))
    })
  )

  it.live("is found with and without slashes in front of its name", () =>
    Effect.gen(function* () {
      const { port } = yield* listening()
      for (const name of ["small", "/small", "//small"]) {
        assert.strictEqual((yield* read(port, name)).content.length, 10)
      }
    })
  )

  it.live("is told in size, and only accepted options are acknowledged", () =>
    Effect.gen(function* () {
      const { port } = yield* listening()
      const { options } = yield* read(port, "large", {
        tsize: "0",
        BLKSIZE: "1400",
        timeout: "2",
        multicast: "yes"
      })
      assert.deepStrictEqual(Object.fromEntries(options), { tsize: "100001", blksize: "1400", timeout: "2" })
    })
  )

  it.live.each([
    { blksize: "7" },
    { blksize: "65465" },
    { blksize: "many" },
    { timeout: "0" },
    { timeout: "256" }
  ])("comes in blocks of 512 without an OACK when the option is out of range: %o", (options) =>
    Effect.gen(function* () {
      const { port } = yield* listening()
      const client = yield* scriptedClient
      client.send(request("large", options), port)
      const { bytes } = yield* client.next
      assert.strictEqual(bytes.readUInt16BE(0), 3)
      assert.strictEqual(bytes.length, 516)
    })
  )

  it.live("a window never holds more than its bytes allow", () =>
    Effect.gen(function* () {
      const { port } = yield* listening()
      const { options } = yield* read(port, "large", { blksize: "65464", windowsize: "65535" })
      assert.strictEqual(options.get("windowsize"), "4")
    })
  )

  it.live("ends with an empty block when its size is a multiple, and sends nothing more", () =>
    Effect.gen(function* () {
      const { port, transfers } = yield* listening()
      const client = yield* scriptedClient
      client.send(request("block"), port)
      const first = yield* client.next
      client.send(encodeAck(1), first.port)
      const second = yield* client.next
      assert.isTrue(second.bytes.equals(data(2, Buffer.alloc(0))))
      client.send(encodeAck(2), first.port)
      yield* eventually(
        Effect.sync(() => transfers()),
        (count) => count === 0
      )
      assert.strictEqual(client.waiting(), 0)
    })
  )

  it.live("of more than 65535 blocks goes on with block 0", () =>
    Effect.gen(function* () {
      const size = 65_540 * 8 + 3
      const { port } = yield* listening({ open: () => bytesSource(pattern(size)) })
      const { content } = yield* read(port, "firmware", { blksize: "8", windowsize: "32" })
      assert.isTrue(content.equals(pattern(size)))
    })
  )

  it.live("may have to be fetched block by block", () =>
    Effect.gen(function* () {
      const bytes = pattern(5_000)
      const { port } = yield* listening({
        open: () => ({
          size: bytes.length,
          read: (target, position) =>
            Promise.resolve().then(() => {
              bytes.copy(target, 0, position)
            })
        })
      })
      assert.isTrue((yield* read(port, "slow", { windowsize: "3" })).content.equals(bytes))
    })
  )

  it.live("whose bytes cannot be read ends with error 0, and is closed", () =>
    Effect.gen(function* () {
      let closed = 0
      const { port } = yield* listening({
        open: () => ({
          size: 5_000,
          read: () => Promise.reject(new Error("bad sector")),
          close: () => {
            closed++
          }
        })
      })
      assert.strictEqual(yield* refused(port, "broken"), 0)
      yield* eventually(
        Effect.sync(() => closed),
        (count) => count === 1
      )
    })
  )

  it.live("goes to many clients at once", () =>
    Effect.gen(function* () {
      const { port } = yield* listening()
      const all = yield* Effect.all(
        Array.from({ length: 50 }, () => read(port, "large", { blksize: "1428" })),
        { concurrency: "unbounded" }
      )
      for (const { content } of all) assert.strictEqual(content.length, 100_001)
    })
  )
})

describe("what is refused", () => {
  it.live("a file that is not there, and an empty name, with error 1", () =>
    Effect.gen(function* () {
      const { port } = yield* listening()
      assert.strictEqual(yield* refused(port, "nothing"), 1)
      assert.strictEqual(yield* refused(port, ""), 1)
    })
  )

  it.live("a request whose processing fails, with error 0", () =>
    Effect.gen(function* () {
      const { port } = yield* listening({ open: () => Effect.die("broken") })
      assert.strictEqual(yield* refused(port, "small"), 0)
    })
  )

  it.live.each(["netascii", "mail", "NetASCII", "other"])("mode %s with error 0", (mode) =>
    Effect.gen(function* () {
      const { port } = yield* listening()
      const client = yield* scriptedClient
      client.send(request("small", {}, mode), port)
      assert.strictEqual(errorCodeOf((yield* client.next).bytes), 0)
    })
  )

  it.live("writing, whatever the file, with error 0 from the port it was asked on", () =>
    Effect.gen(function* () {
      const { port } = yield* listening()
      const client = yield* scriptedClient
      for (const name of ["small", "new", "../etc/passwd"]) {
        client.send(Buffer.from(`\0\x02${name}\0octet\0`, "latin1"), port)
        const answer = yield* client.next
        assert.strictEqual(errorCodeOf(answer.bytes), 0)
        assert.strictEqual(answer.port, port)
      }
    })
  )

  it.live("a name that is not ASCII, with error 0", () =>
    Effect.gen(function* () {
      const { port } = yield* listening()
      const client = yield* scriptedClient
      client.send(Buffer.from("\0\x01caf\xe9\0octet\0", "latin1"), port)
      assert.strictEqual(errorCodeOf((yield* client.next).bytes), 0)
    })
  )
})

describe("what is ignored on the port for requests", () => {
  it.live.each([
    ["nothing", Buffer.alloc(0)],
    ["one byte", Buffer.from([0])],
    ["no final NUL", Buffer.from("\0\x01small\0octet", "latin1")],
    ["no mode", Buffer.from("\0\x01small\0", "latin1")],
    ["an option without a value", Buffer.from("\0\x01small\0octet\0blksize\0", "latin1")],
    ["an option named twice", Buffer.from("\0\x01small\0octet\0tsize\x000\0TSIZE\x000\0", "latin1")],
    ["an unknown opcode", Buffer.from("\0\x09small\0octet\0", "latin1")],
    ["DATA", data(1, Buffer.from("x"))],
    ["ACK", encodeAck(1)],
    ["ERROR", Buffer.from("\0\x05\0\x01gone\0", "latin1")],
    ["noise of 60,000 bytes", pattern(60_000)]
  ] as const)("%s", ([, bytes]) =>
    Effect.gen(function* () {
      const { port } = yield* listening()
      const client = yield* scriptedClient
      client.send(bytes, port)
      // The answer to what is sent behind it shows that nothing came before.
      client.send(request("small"), port)
      assert.strictEqual((yield* client.next).bytes.readUInt16BE(0), 3)
    })
  )
})

describe("within a transfer", () => {
  const begun = Effect.fnUntraced(function* (path = "large", options: Readonly<Record<string, string>> = {}) {
    const listener = yield* listening()
    const client = yield* scriptedClient
    client.send(request(path, options), listener.port)
    const first = yield* client.next
    return { ...listener, client, first, tid: first.port }
  })

  it.live("every transfer has a port of its own", () =>
    Effect.gen(function* () {
      const { port, tid, client } = yield* begun()
      assert.notStrictEqual(tid, port)
      const other = yield* scriptedClient
      other.send(request("large"), port)
      assert.notStrictEqual((yield* other.next).port, tid)
      assert.strictEqual(client.waiting(), 0)
    })
  )

  it.live("a repeated acknowledgement sends the last datagram again, once", () =>
    Effect.gen(function* () {
      const { client, tid } = yield* begun()
      client.send(encodeAck(1), tid)
      const second = yield* client.next
      for (let again = 0; again < 3; again++) client.send(encodeAck(1), tid)
      client.send(encodeAck(2), tid)
      assert.isTrue((yield* client.next).bytes.equals(second.bytes))
      assert.strictEqual((yield* client.next).bytes.readUInt16BE(2), 3)
      assert.strictEqual(client.waiting(), 0)
    })
  )

  it.live("an acknowledgement of another block ends it with error 4", () =>
    Effect.gen(function* () {
      const { client, tid, transfers } = yield* begun()
      client.send(encodeAck(7), tid)
      assert.strictEqual(errorCodeOf((yield* client.next).bytes), 4)
      yield* eventually(
        Effect.sync(() => transfers()),
        (count) => count === 0
      )
    })
  )

  it.live("a packet of somebody else is answered with error 5, and the transfer goes on", () =>
    Effect.gen(function* () {
      const { client, tid } = yield* begun()
      const stranger = yield* scriptedClient
      stranger.send(encodeAck(1), tid)
      assert.strictEqual(errorCodeOf((yield* stranger.next).bytes), 5)
      client.send(encodeAck(1), tid)
      assert.strictEqual((yield* client.next).bytes.readUInt16BE(2), 2)
    })
  )

  it.live("an error of the client ends it without a word", () =>
    Effect.gen(function* () {
      const { client, tid, transfers } = yield* begun()
      client.send(Buffer.from("\0\x05\0\x03full\0", "latin1"), tid)
      yield* eventually(
        Effect.sync(() => transfers()),
        (count) => count === 0
      )
      assert.strictEqual(client.waiting(), 0)
    })
  )

  it.live("a packet that cannot be read ends it with error 0, another opcode with error 4", () =>
    Effect.gen(function* () {
      const unreadable = yield* begun()
      unreadable.client.send(Buffer.from([9, 9, 9, 9]), unreadable.tid)
      assert.strictEqual(errorCodeOf((yield* unreadable.client.next).bytes), 0)
      const unexpected = yield* begun()
      unexpected.client.send(data(1, Buffer.from("x")), unexpected.tid)
      assert.strictEqual(errorCodeOf((yield* unexpected.client.next).bytes), 4)
    })
  )

  it.live("what is lost is sent again after the timeout that was asked for, four times in all", () =>
    Effect.gen(function* () {
      const { client, first, transfers } = yield* begun("small", { timeout: "1" })
      for (let again = 0; again < 3; again++) {
        assert.isTrue((yield* client.next).bytes.equals(first.bytes))
      }
      yield* eventually(
        Effect.sync(() => transfers()),
        (count) => count === 0
      )
      assert.strictEqual(client.waiting(), 0)
    })
  )

  it.live("an acknowledgement within the window sends on behind it", () =>
    Effect.gen(function* () {
      const { client, tid } = yield* begun("large", { windowsize: "4" })
      client.send(encodeAck(0), tid)
      for (const block of [1, 2, 3, 4]) assert.strictEqual((yield* client.next).bytes.readUInt16BE(2), block)
      client.send(encodeAck(2), tid)
      for (const block of [3, 4, 5, 6]) {
        const { bytes } = yield* client.next
        assert.isTrue(bytes.equals(data(block, pattern(100_001).subarray((block - 1) * 512, block * 512))))
      }
    })
  )

  it.live("a request that is repeated while it is served begins no second transfer", () =>
    Effect.gen(function* () {
      const { client, port, transfers } = yield* begun()
      client.send(request("large"), port)
      client.send(request("nothing"), port)
      client.send(Buffer.from("\0\x02new\0octet\0", "latin1"), port)
      assert.strictEqual(errorCodeOf((yield* client.next).bytes), 0)
      assert.strictEqual(transfers(), 1)
      assert.strictEqual(client.waiting(), 0)
    })
  )
})

describe("a flood", () => {
  it.live("of one address takes no more than its share, and others are served", () =>
    Effect.gen(function* () {
      const { port, transfers } = yield* listening({ maxTransfersOfAddress: 3, maxTransfers: 4 })
      for (let client = 0; client < 10; client++) (yield* scriptedClient).send(request("large"), port)
      yield* eventually(
        Effect.sync(() => transfers()),
        (count) => count === 3
      )
      const { content } = yield* tftpRead({
        host: "127.0.0.1",
        port,
        path: "small",
        localAddress: "127.0.0.2"
      })
      assert.strictEqual(content.length, 10)
    })
  )

  it.live("of noise leaves the listener answering", () =>
    Effect.gen(function* () {
      const { port } = yield* listening()
      const client = yield* scriptedClient
      for (let index = 0; index < 2_000; index++) client.send(pattern(index % 700), port)
      assert.strictEqual((yield* read(port, "small")).content.length, 10)
    })
  )
})

describe("the end of the scope", () => {
  it.live("lets open transfers finish", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const { port } = yield* Scope.provide(listening({ drainTimeout: "10 seconds" }), scope)
      const client = yield* scriptedClient
      client.send(request("two-blocks"), port)
      const { port: tid } = yield* client.next
      const closed = yield* Deferred.make<void>()
      yield* Effect.forkChild(
        Scope.close(scope, Exit.void).pipe(Effect.andThen(Deferred.succeed(closed, undefined)))
      )
      for (const block of [1, 2]) {
        client.send(encodeAck(block), tid)
        assert.strictEqual((yield* client.next).bytes.readUInt16BE(2), block + 1)
      }
      client.send(encodeAck(3), tid)
      yield* Deferred.await(closed)
    })
  )
})
