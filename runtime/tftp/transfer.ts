import { createSocket, type RemoteInfo, type Socket } from "node:dgram"
import {
  dataHeaderLength,
  decodeTransferPacket,
  encodeError,
  encodeOptionAck,
  errorCode,
  writeDataHeader
} from "./codec.ts"
import { settleOptions, type TransferTerms } from "./options.ts"
import type { TftpSource } from "./tftp.ts"

/** How often a datagram is sent before the client is taken for gone. */
const maxSends = 4

/** Where the client listens. */
export interface Peer {
  readonly address: string
  readonly port: number
}

/** An address is never a name: no resolver is asked. */
export const literalLookup = (
  address: string,
  _options: unknown,
  done: (error: null, address: string, family: number) => void
): void => done(null, address, address.includes(":") ? 6 : 4)

/**
 * One file on its way to one client, from a port of its own.
 *
 * **Details**
 * - A window of DATA packets is sent, then its acknowledgement is waited for; without the option the window is one
 *   packet, as in RFC 1350. An acknowledgement within the window sends on from the block behind it (RFC 7440).
 * - A repeated acknowledgement of the block before the window sends the window again once: answering each one would
 *   double every packet from there on.
 * - Blocks are counted without an end; the number on the wire wraps from 65535 to 0.
 * - A packet of anybody else is answered with error 5 and changes nothing.
 */
export class Transfer {
  readonly #socket: Socket
  readonly #peer: Peer
  readonly #source: TftpSource
  readonly #terms: TransferTerms
  readonly #lastBlock: number
  readonly #onEnd: () => void
  /** Packets of the window, by block modulo its size; each holds its content until it is acknowledged. */
  readonly #packets: ReadonlyArray<Buffer>
  #timer: NodeJS.Timeout | undefined
  /** The first block that is not acknowledged; 0 while the OACK is not. */
  #base: number
  /** The first block that was not sent yet. */
  #next: number
  /** How often the window has been sent since the last progress. */
  #sends = 0
  /** Whether a repeated acknowledgement has already caused a repetition of this window. */
  #repeated = false
  /** Blocks are being read: the window is sent when they are there. */
  #reading = false
  #ended = false

  constructor(
    ipv6: boolean,
    host: string,
    peer: Peer,
    source: TftpSource,
    options: ReadonlyMap<string, string>,
    onEnd: () => void
  ) {
    this.#peer = peer
    this.#source = source
    this.#terms = settleOptions(options, source.size)
    this.#lastBlock = Math.floor(source.size / this.#terms.blockSize) + 1
    this.#onEnd = onEnd
    const { blockSize, windowSize } = this.#terms
    this.#packets = Array.from({ length: Math.min(windowSize, this.#lastBlock) }, () =>
      Buffer.allocUnsafe(dataHeaderLength + Math.min(blockSize, source.size))
    )
    this.#base = this.#terms.accepted.size > 0 ? 0 : 1
    this.#next = this.#base
    this.#socket = createSocket({ type: ipv6 ? "udp6" : "udp4", lookup: literalLookup })
    this.#socket.on("error", () => this.end())
    this.#socket.on("message", (packet, from) => this.#received(packet, from))
    this.#socket.bind(0, host, () => {
      this.#timer = setTimeout(() => this.#timedOut(), this.#terms.timeout)
      this.#sendWindow()
    })
  }

  /** Lets go of the client, the file and the port. */
  end(): void {
    if (this.#ended) return
    this.#ended = true
    clearTimeout(this.#timer)
    this.#socket.close()
    this.#source.close?.()
    this.#onEnd()
  }

  #received(packet: Buffer, from: RemoteInfo): void {
    if (this.#ended) return
    if (from.port !== this.#peer.port || from.address !== this.#peer.address) {
      this.#socket.send(
        encodeError(errorCode.unknownTransfer, "Unknown transfer ID"),
        from.port,
        from.address
      )
      return
    }
    const said = decodeTransferPacket(packet)
    switch (said.kind) {
      case "ack":
        return this.#acknowledged(said.block)
      case "error":
        return this.end()
      case "unexpected":
        return this.#fail(errorCode.illegalOperation, "Illegal TFTP operation")
      case "malformed":
        return this.#fail(errorCode.notDefined, "Malformed packet")
    }
  }

  #acknowledged(wireBlock: number): void {
    // How far beyond the block before the window, on a circle of 65536 numbers.
    const ahead = (wireBlock - (this.#base - 1)) & 0xffff
    if (ahead === 0) {
      if (!this.#repeated) {
        this.#repeated = true
        this.#sendWindow()
      }
      return
    }
    const block = this.#base - 1 + ahead
    if (block >= this.#next) {
      // An acknowledgement that was overtaken on its way belongs to a window before; lock-step knows none.
      if (this.#terms.windowSize > 1 && ahead > 0x8000) return
      return this.#fail(errorCode.illegalOperation, "Unexpected block number")
    }
    if (block === this.#lastBlock) return this.end()
    this.#base = block + 1
    this.#sends = 0
    this.#repeated = false
    // Blocks behind a gap are sent again: the client has dropped them.
    this.#sendWindow()
  }

  #timedOut(): void {
    if (this.#reading) this.#timer?.refresh()
    else if (this.#sends >= maxSends) this.end()
    else this.#sendWindow()
  }

  /** Sends everything from the first block that is not acknowledged to the end of the window. */
  #sendWindow(): void {
    if (this.#reading) return
    this.#sends++
    this.#timer?.refresh()
    if (this.#base === 0) {
      this.#next = 1
      return this.#send(encodeOptionAck(this.#terms.accepted))
    }
    const end = Math.min(this.#base + this.#terms.windowSize - 1, this.#lastBlock)
    for (let block = this.#base; block < this.#next && block <= end; block++) this.#send(this.#packet(block))
    this.#sendFrom(Math.max(this.#base, this.#next), end)
  }

  /** Reads and sends the blocks that were not sent before. */
  #sendFrom(first: number, end: number): void {
    for (let block = first; block <= end; block++) {
      const packet = this.#packet(block)
      const pending = this.#source.read(packet.subarray(dataHeaderLength), this.#position(block))
      if (pending !== undefined) {
        this.#reading = true
        pending.then(
          () => {
            this.#reading = false
            if (this.#ended) return
            this.#sendBlock(block, packet)
            this.#sendFrom(block + 1, end)
          },
          () => this.#fail(errorCode.notDefined, "The file cannot be read")
        )
        return
      }
      this.#sendBlock(block, packet)
    }
  }

  #sendBlock(block: number, packet: Buffer): void {
    writeDataHeader(packet, block)
    this.#next = block + 1
    this.#send(packet)
  }

  #position(block: number): number {
    return (block - 1) * this.#terms.blockSize
  }

  /** The packet that holds, or is to hold, a block of the window. */
  #packet(block: number): Buffer {
    const content = Math.min(this.#terms.blockSize, this.#source.size - this.#position(block))
    // The window is never longer than the packets: each block of it has its own.
    const packet = this.#packets[block % this.#packets.length] as Buffer
    return packet.subarray(0, dataHeaderLength + content)
  }

  #fail(code: number, message: string): void {
    if (this.#ended) return
    // The port may be closed only when the packet has left.
    this.#socket.send(encodeError(code, message), this.#peer.port, this.#peer.address, () => this.end())
  }

  #send(packet: Buffer): void {
    this.#socket.send(packet, this.#peer.port, this.#peer.address)
  }
}
