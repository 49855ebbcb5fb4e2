import { createSocket, type RemoteInfo, type Socket } from "node:dgram"
import { Data, Duration, Effect, Exit, Latch, type Scope } from "effect"
import { normalizeIp } from "../../schemas/provd/address.ts"
import { decodeRequest, encodeError, errorCode, type TftpRequestPacket } from "./codec.ts"
import type { TftpRequest, TftpSource } from "./tftp.ts"
import { literalLookup, type Peer, Transfer } from "./transfer.ts"

/** The address cannot be listened on; `message` says which and why. */
export class TftpListenFailed extends Data.TaggedError("TftpListenFailed")<{ readonly message: string }> {}

/** Where to listen, which files there are, and how much is done at once. */
export interface TftpListenerOptions {
  readonly host: string
  /** 0 picks a free one. */
  readonly port: number
  /**
   * The file that is asked for; undefined: there is none for this client. A defect is answered with error 0 and
   * logged.
   */
  readonly open: (request: TftpRequest) => TftpSource | undefined | Effect.Effect<TftpSource | undefined>
  /** Transfers at once; requests beyond are left unanswered, so that clients ask again. Default 2,000. */
  readonly maxTransfers?: number
  /** Of one address. Default 64: many phones may sit behind one. */
  readonly maxTransfersOfAddress?: number
  /** How long open transfers may go on when the scope closes. Default 10 seconds. */
  readonly drainTimeout?: Duration.Input
}

/** What a listener is doing. */
export interface TftpListener {
  readonly port: number
  readonly transfers: () => number
}

/**
 * A read-only TFTP server (RFC 1350, 2347 to 2349, 7440; contracts/provisioning.md, section 9), until the scope ends.
 * Refusals leave from the port it listens on, transfers have a port each. What is no request is ignored, and so is a
 * request that a client repeats while it is being answered.
 */
export const tftpListener = Effect.fnUntraced(function* (
  options: TftpListenerOptions
): Effect.fn.Return<TftpListener, TftpListenFailed, Scope.Scope> {
  const runFork = Effect.runForkWith(yield* Effect.context<never>())
  const ipv6 = options.host.includes(":")
  const drained = yield* Latch.make(true)
  const desk = new Desk(options.maxTransfers ?? 2_000, options.maxTransfersOfAddress ?? 64, drained)
  const socket = createSocket({ type: ipv6 ? "udp6" : "udp4", lookup: literalLookup })

  const start = (peer: Peer, packet: TftpRequestPacket, source: TftpSource) => {
    const transfer = new Transfer(ipv6, options.host, peer, source, packet.options, () => desk.release(peer))
    desk.keep(peer, transfer)
  }
  const refuse = (peer: Peer, code: number, message: string) =>
    socket.send(encodeError(code, message), peer.port, peer.address)

  const settle = (peer: Peer, packet: TftpRequestPacket, source: TftpSource | undefined) => {
    if (source !== undefined) return start(peer, packet, source)
    desk.release(peer)
    refuse(peer, errorCode.fileNotFound, "File not found")
  }
  const answer = (peer: Peer, packet: TftpRequestPacket, path: string) => {
    if (!desk.admit(peer)) return
    const failed = (cause: unknown) => {
      desk.release(peer)
      refuse(peer, errorCode.notDefined, "The request could not be processed")
      runFork(Effect.logError(`The TFTP request ${JSON.stringify(path)} of ${peer.address} failed`, cause))
    }
    try {
      const opened = options.open({ path, address: normalizeIp(peer.address) ?? peer.address })
      if (!Effect.isEffect(opened)) return settle(peer, packet, opened)
      runFork(opened).addObserver((exit) =>
        Exit.isSuccess(exit) ? settle(peer, packet, exit.value) : failed(exit.cause)
      )
    } catch (error) {
      failed(error)
    }
  }
  socket.on("message", (bytes: Buffer, from: RemoteInfo) => {
    const packet = decodeRequest(bytes)
    if (packet === undefined) return
    const peer = { address: from.address, port: from.port }
    const refusal = refusalOf(packet)
    if (refusal !== undefined) return refuse(peer, refusal.code, refusal.message)
    answer(peer, packet, `/${(packet.filename ?? "").replace(/^\/+/, "")}`)
  })
  const port = yield* Effect.acquireRelease(bind(socket, options), () =>
    Effect.sync(() => socket.close()).pipe(
      Effect.andThen(drained.await),
      Effect.timeoutOption(options.drainTimeout ?? "10 seconds"),
      Effect.andThen(Effect.sync(() => desk.endAll()))
    )
  )
  return { port, transfers: () => desk.size }
})

/** Why a request is refused whatever file it names. */
const refusalOf = ({ kind, mode, filename }: TftpRequestPacket) => {
  if (kind === "write") return { code: errorCode.notDefined, message: "Files cannot be written" }
  if (mode !== "octet") return { code: errorCode.notDefined, message: "Only the mode octet is known" }
  if (filename === undefined) return { code: errorCode.notDefined, message: "File names are ASCII" }
  if (filename === "") return { code: errorCode.fileNotFound, message: "File not found" }
  return undefined
}

/** Who is being served. */
class Desk {
  readonly #peers = new Map<string, Transfer | undefined>()
  readonly #ofAddress = new Map<string, number>()
  readonly #max: number
  readonly #maxOfAddress: number
  readonly #empty: Latch.Latch

  constructor(max: number, maxOfAddress: number, empty: Latch.Latch) {
    this.#max = max
    this.#maxOfAddress = maxOfAddress
    this.#empty = empty
  }

  get size(): number {
    return this.#peers.size
  }

  /** Whether a request is taken. False for one that is repeated, and for one too many. */
  admit(peer: Peer): boolean {
    const count = this.#ofAddress.get(peer.address) ?? 0
    if (this.#peers.has(keyOf(peer)) || this.#peers.size >= this.#max || count >= this.#maxOfAddress) {
      return false
    }
    this.#peers.set(keyOf(peer), undefined)
    this.#ofAddress.set(peer.address, count + 1)
    this.#empty.closeUnsafe()
    return true
  }

  keep(peer: Peer, transfer: Transfer): void {
    this.#peers.set(keyOf(peer), transfer)
  }

  release(peer: Peer): void {
    if (!this.#peers.delete(keyOf(peer))) return
    const count = (this.#ofAddress.get(peer.address) ?? 1) - 1
    if (count === 0) this.#ofAddress.delete(peer.address)
    else this.#ofAddress.set(peer.address, count)
    if (this.#peers.size === 0) this.#empty.openUnsafe()
  }

  endAll(): void {
    for (const transfer of this.#peers.values()) transfer?.end()
  }
}

const keyOf = ({ address, port }: Peer): string => `${address} ${port}`

const bind = (socket: Socket, { host, port }: TftpListenerOptions): Effect.Effect<number, TftpListenFailed> =>
  Effect.callback((resume) => {
    const onError = (error: Error) =>
      resume(
        Effect.fail(new TftpListenFailed({ message: `Cannot listen on ${host}:${port}: ${error.message}` }))
      )
    socket.once("error", onError)
    socket.bind(port, host, () => {
      socket.off("error", onError)
      // A refusal that could not be sent concerns one client, who asks again.
      socket.on("error", () => {})
      resume(Effect.succeed(socket.address().port))
    })
  })
