import { createSocket, type RemoteInfo, type Socket } from "node:dgram"
import { Data, Effect } from "effect"
import { decodeServerPacket, encodeAck, encodeReadRequest } from "./codec.ts"
import { literalLookup, type Peer } from "./transfer.ts"

/** The server refused, with its code and words, or does not answer (`code` undefined). */
export class TftpReadFailed extends Data.TaggedError("TftpReadFailed")<{
  readonly code: number | undefined
  readonly message: string
}> {}

/** The file to fetch, and how to ask for it. */
export interface TftpRead {
  /** An IP address. */
  readonly host: string
  readonly port: number
  readonly path: string
  /** `blksize`, `tsize`, `timeout`, `windowsize`, as written on the wire. */
  readonly options?: Readonly<Record<string, string>>
  /** The address to ask from. */
  readonly localAddress?: string
}

/** Milliseconds without progress after which the last packet is sent again, and how often. */
const patience = 1_000
const maxSends = 5

/** Fetches a file over TFTP, mode octet, as a phone does. */
export const tftpRead = (
  read: TftpRead
): Effect.Effect<
  { readonly content: Buffer; readonly options: ReadonlyMap<string, string> },
  TftpReadFailed
> =>
  Effect.callback((resume) => {
    const fetch = new Fetch(read, (result) =>
      resume(result instanceof TftpReadFailed ? Effect.fail(result) : Effect.succeed(result))
    )
    return Effect.sync(() => fetch.stop())
  })

type FetchResult =
  | TftpReadFailed
  | { readonly content: Buffer; readonly options: ReadonlyMap<string, string> }

class Fetch {
  readonly #socket: Socket
  readonly #done: (result: FetchResult) => void
  readonly #chunks: Array<Buffer> = []
  /** The server's port of the transfer, known from its first packet on. */
  #server: Peer | undefined
  #options: ReadonlyMap<string, string> = new Map()
  #blockSize = 512
  #windowSize = 1
  /** The last block that came in order. */
  #block = 0
  /** The last block that was acknowledged. */
  #acknowledged = 0
  #last: Buffer
  #to: Peer
  #sends = 0
  #timer: NodeJS.Timeout
  #finished = false

  constructor(read: TftpRead, done: (result: FetchResult) => void) {
    this.#done = done
    this.#to = { address: read.host, port: read.port }
    this.#last = encodeReadRequest(read.path, "octet", read.options ?? {})
    this.#socket = createSocket({
      type: read.host.includes(":") ? "udp6" : "udp4",
      lookup: literalLookup
    })
    this.#socket.on("error", (error) => this.#fail(undefined, error.message))
    this.#socket.on("message", (packet, from) => this.#received(packet, from))
    this.#timer = setTimeout(() => this.#timedOut(), patience)
    if (read.localAddress === undefined) this.#repeat()
    else this.#socket.bind(0, read.localAddress, () => this.#repeat())
  }

  stop(): void {
    if (this.#finished) return
    this.#finished = true
    clearTimeout(this.#timer)
    this.#socket.close()
  }

  #received(bytes: Buffer, from: RemoteInfo): void {
    if (this.#finished || (this.#server !== undefined && from.port !== this.#server.port)) return
    const packet = decodeServerPacket(bytes)
    if (packet === undefined) return
    if (packet.kind === "error") return this.#fail(packet.code, packet.message)
    this.#server ??= { address: from.address, port: from.port }
    this.#to = this.#server
    if (packet.kind === "options") {
      if (this.#block > 0) return
      this.#options = packet.options
      this.#blockSize = Number(packet.options.get("blksize") ?? 512)
      this.#windowSize = Number(packet.options.get("windowsize") ?? 1)
      return this.#acknowledge()
    }
    if (packet.block !== ((this.#block + 1) & 0xffff)) {
      // A repetition is acknowledged again; behind a gap the server must hear how far things came.
      if (packet.block === (this.#block & 0xffff) || this.#windowSize > 1) this.#acknowledge()
      return
    }
    this.#block++
    this.#chunks.push(packet.content)
    const complete = packet.content.length < this.#blockSize
    if (complete || this.#block - this.#acknowledged >= this.#windowSize) this.#acknowledge()
    if (complete) {
      // The last acknowledgement must have left before the port is closed.
      setImmediate(() => {
        if (this.#finished) return
        this.stop()
        this.#done({ content: Buffer.concat(this.#chunks), options: this.#options })
      })
    }
  }

  #acknowledge(): void {
    this.#acknowledged = this.#block
    this.#last = encodeAck(this.#block & 0xffff)
    this.#sends = 0
    this.#repeat()
  }

  #repeat(): void {
    this.#sends++
    this.#timer.refresh()
    this.#socket.send(this.#last, this.#to.port, this.#to.address)
  }

  #timedOut(): void {
    if (this.#sends >= maxSends) this.#fail(undefined, "The server does not answer")
    else this.#repeat()
  }

  #fail(code: number | undefined, message: string): void {
    if (this.#finished) return
    this.stop()
    this.#done(new TftpReadFailed({ code, message }))
  }
}
