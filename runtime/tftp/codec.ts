/** The error codes that this server sends (RFC 1350, section 5). */
export const errorCode = { notDefined: 0, fileNotFound: 1, illegalOperation: 4, unknownTransfer: 5 } as const

/** A request as it came: names of options in lower case, values as sent. */
export interface TftpRequestPacket {
  readonly kind: "read" | "write"
  /** Undefined when it holds other than ASCII. */
  readonly filename: string | undefined
  /** In lower case. */
  readonly mode: string
  readonly options: ReadonlyMap<string, string>
}

/** What a client says within a transfer. */
export type TransferPacket =
  | { readonly kind: "ack"; readonly block: number }
  | { readonly kind: "error" }
  | { readonly kind: "unexpected" }
  | { readonly kind: "malformed" }

const opcode = { read: 1, write: 2, data: 3, ack: 4, error: 5, optionAck: 6 } as const

/** Bytes before the content of a DATA packet. */
export const dataHeaderLength = 4

/**
 * Reads a request (RFC 1350, section 5; options of RFC 2347). Undefined for what no client means as one: another
 * opcode, no final NUL, a name without a value, an option named twice.
 */
export const decodeRequest = (packet: Buffer): TftpRequestPacket | undefined => {
  if (packet.length < 4 || packet.at(-1) !== 0) return undefined
  const code = packet.readUInt16BE(0)
  if (code !== opcode.read && code !== opcode.write) return undefined
  const fields = packet.toString("latin1", 2, packet.length - 1).split("\0")
  const [filename = "", mode, ...rest] = fields
  if (mode === undefined || rest.length % 2 !== 0) return undefined
  const options = new Map<string, string>()
  for (let index = 0; index < rest.length; index += 2) {
    const name = (rest[index] ?? "").toLowerCase()
    if (options.has(name)) return undefined
    options.set(name, rest[index + 1] ?? "")
  }
  return {
    kind: code === opcode.read ? "read" : "write",
    filename: isAscii(filename) ? filename : undefined,
    mode: mode.toLowerCase(),
    options
  }
}

/** Reads what came to a transfer's own port. */
export const decodeTransferPacket = (packet: Buffer): TransferPacket => {
  if (packet.length < 4) return { kind: "malformed" }
  switch (packet.readUInt16BE(0)) {
    case opcode.ack:
      return packet.length === 4 ? { kind: "ack", block: packet.readUInt16BE(2) } : { kind: "malformed" }
    case opcode.error:
      return { kind: "error" }
    case opcode.read:
    case opcode.write:
    case opcode.data:
    case opcode.optionAck:
      return { kind: "unexpected" }
    default:
      return { kind: "malformed" }
  }
}

/** Writes the header of a DATA packet; the block number wraps from 65535 to 0. */
export const writeDataHeader = (packet: Buffer, block: number): void => {
  packet.writeUInt16BE(opcode.data, 0)
  packet.writeUInt16BE(block & 0xffff, 2)
}

/** An OACK with the options that were accepted (RFC 2347). */
export const encodeOptionAck = (options: ReadonlyMap<string, string>): Buffer =>
  Buffer.concat([
    Buffer.from([0, opcode.optionAck]),
    ...[...options].map(([name, value]) => Buffer.from(`${name}\0${value}\0`, "latin1"))
  ])

/** An ERROR packet (RFC 1350, section 5); the message is ASCII. */
export const encodeError = (code: number, message: string): Buffer =>
  Buffer.concat([Buffer.from([0, opcode.error, 0, code]), Buffer.from(`${message}\0`, "latin1")])

/** An ACK of a block, by the number it has on the wire. */
export const encodeAck = (block: number): Buffer =>
  Buffer.from([0, opcode.ack, (block >> 8) & 0xff, block & 0xff])

/** A RRQ (RFC 1350, section 5; options of RFC 2347). */
export const encodeReadRequest = (
  filename: string,
  mode: string,
  options: Readonly<Record<string, string>>
): Buffer =>
  Buffer.concat([
    Buffer.from([0, opcode.read]),
    Buffer.from(`${[filename, mode, ...Object.entries(options).flat()].join("\0")}\0`, "latin1")
  ])

/** What a server says, as a client reads it. */
export type ServerPacket =
  | { readonly kind: "data"; readonly block: number; readonly content: Buffer }
  | { readonly kind: "options"; readonly options: ReadonlyMap<string, string> }
  | { readonly kind: "error"; readonly code: number; readonly message: string }

/** Reads what a server sent; undefined for what no server means to say. */
export const decodeServerPacket = (packet: Buffer): ServerPacket | undefined => {
  if (packet.length < 4) return undefined
  switch (packet.readUInt16BE(0)) {
    case opcode.data:
      return { kind: "data", block: packet.readUInt16BE(2), content: packet.subarray(dataHeaderLength) }
    case opcode.optionAck: {
      const fields = packet.toString("latin1", 2, packet.length - 1).split("\0")
      const options = new Map<string, string>()
      for (let index = 0; index + 1 < fields.length; index += 2) {
        options.set((fields[index] ?? "").toLowerCase(), fields[index + 1] ?? "")
      }
      return { kind: "options", options }
    }
    case opcode.error:
      return {
        kind: "error",
        code: packet.readUInt16BE(2),
        message: packet.toString("latin1", 4, Math.max(4, packet.length - 1))
      }
    default:
      return undefined
  }
}

const isAscii = (text: string): boolean => !/[^\x20-\x7e]/.test(text)
