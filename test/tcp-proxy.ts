import { type AddressInfo, createConnection, createServer, type Server, type Socket } from "node:net"
import { Effect, type Scope } from "effect"

export interface TcpProxy {
  readonly port: number
  /** Breaks every connection and refuses new ones. */
  readonly down: Effect.Effect<void>
  /** Accepts connections again, on the same port. */
  readonly up: Effect.Effect<void>
  /** Breaks every connection; new ones are accepted. */
  readonly cut: Effect.Effect<void>
}

/** A TCP proxy on 127.0.0.1 to a peer, for tests of lost connections. */
export const tcpProxy = Effect.fnUntraced(function* (
  host: string,
  port: number
): Effect.fn.Return<TcpProxy, never, Scope.Scope> {
  const sockets = new Set<Socket>()
  const track = (socket: Socket) => {
    sockets.add(socket)
    socket.on("error", () => {})
    socket.on("close", () => sockets.delete(socket))
  }
  const accept = (client: Socket) => {
    const peer = createConnection({ host, port })
    track(client)
    track(peer)
    client.on("close", () => peer.destroy())
    peer.on("close", () => client.destroy())
    client.pipe(peer)
    peer.pipe(client)
  }
  let server: Server | undefined
  const listen = (on: number) =>
    Effect.callback<number>((resume) => {
      const created = createServer(accept)
      server = created
      created.listen(on, "127.0.0.1", () => {
        // A listening TCP server has an address of this form.
        resume(Effect.succeed((created.address() as AddressInfo).port))
      })
    })
  const cut = Effect.sync(() => {
    for (const socket of sockets) socket.destroy()
  })
  const close = Effect.callback<void>((resume) => {
    if (server === undefined) return resume(Effect.void)
    server.close(() => resume(Effect.void))
    server = undefined
    Effect.runSync(cut)
  })
  const own = yield* Effect.acquireRelease(listen(0), () => close)
  return { port: own, down: close, up: Effect.asVoid(Effect.suspend(() => listen(own))), cut }
})
