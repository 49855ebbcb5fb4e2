import type { Server, Socket } from "node:net"
import { Effect } from "effect"
import type { AmiMessage } from "../runtime/ami/ami.ts"
import { encodeMessage } from "../runtime/ami/codec.ts"

/** Listens; answers the port. The failure is what the system says of the address. */
export const listenOn = (server: Server, host: string, port: number): Effect.Effect<number, string> =>
  Effect.callback((resume) => {
    server.once("error", (error) => resume(Effect.fail(`cannot listen on ${host}:${port}: ${error.message}`)))
    server.listen(port, host, () => {
      const address = server.address()
      resume(Effect.succeed(typeof address === "object" && address !== null ? address.port : port))
    })
  })

/** Closes a server whose connections are gone or going. */
export const closeServer = (server: Server): Effect.Effect<void> =>
  Effect.callback((resume) => {
    server.close(() => resume(Effect.void))
  })

/** Writes what comes in one turn of the event loop at once, and drops a peer that leaves too much unread. */
export const makeWriter = (socket: Socket, maxBacklog: number): ((bytes: Buffer) => void) => {
  let isCorked = false
  const uncork = () => {
    isCorked = false
    socket.uncork()
  }
  return (bytes) => {
    if (socket.destroyed || socket.writableEnded) return
    if (!isCorked) {
      isCorked = true
      socket.cork()
      process.nextTick(uncork)
    }
    socket.write(bytes)
    if (socket.writableLength > maxBacklog) socket.resetAndDestroy()
  }
}

/** Writes bytes and completes when the socket takes more, or is gone. */
export const writeAndDrain = (socket: Socket, bytes: Buffer): Effect.Effect<void> =>
  Effect.callback((resume) => {
    if (socket.destroyed || socket.write(bytes)) return resume(Effect.void)
    const done = () => {
      socket.off("drain", done)
      socket.off("close", done)
      resume(Effect.void)
    }
    socket.once("drain", done)
    socket.once("close", done)
    return Effect.sync(done)
  })

/** Encodes a message that goes to several sessions in a row only once. */
export const makeEncoder = (): ((message: AmiMessage) => Buffer) => {
  let last: { readonly message: AmiMessage; readonly bytes: Buffer } | undefined
  return (message) => {
    if (last?.message !== message) last = { message, bytes: encodeMessage(message) }
    return last.bytes
  }
}
