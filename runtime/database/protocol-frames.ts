/**
 * A run of whole messages of the PostgreSQL frontend protocol.
 *
 * - `startup`: the first message of a session (it has no type byte).
 * - `synchronised`: ends with Sync or Query, so that its answer ends with ReadyForQuery.
 * - `partial`: whole messages whose Sync is still to come.
 * - `cancel`: a CancelRequest instead of a startup; `terminate`: the client says goodbye.
 */
export interface ProtocolBatch {
  readonly kind: "startup" | "synchronised" | "partial" | "cancel" | "terminate"
  readonly bytes: Uint8Array
}

/** Cuts the byte stream of a client into batches (PostgreSQL manual 55.7, "Message Formats"). */
export class ProtocolFrames {
  #rest: Buffer = Buffer.alloc(0)
  #started = false

  push(chunk: Uint8Array): ReadonlyArray<ProtocolBatch> {
    const bytes = this.#rest.length === 0 ? asBuffer(chunk) : Buffer.concat([this.#rest, chunk])
    const batches: Array<ProtocolBatch> = []
    let begin = 0
    if (!this.#started) {
      const length = bytes.length < 4 ? Number.POSITIVE_INFINITY : bytes.readUInt32BE(0)
      if (bytes.length < length) return this.#keep(bytes, begin, batches)
      this.#started = true
      batches.push({
        kind: bytes.readUInt32BE(4) === CANCEL_REQUEST ? "cancel" : "startup",
        bytes: bytes.subarray(0, length)
      })
      begin = length
    }
    let end = begin
    let last = 0
    while (bytes.length - end >= 5) {
      const next = end + 1 + bytes.readUInt32BE(end + 1)
      if (next > bytes.length) break
      const type = bytes[end] ?? 0
      if (type === TERMINATE) {
        if (end > begin) batches.push(batchOf(last, bytes.subarray(begin, end)))
        batches.push({ kind: "terminate", bytes: bytes.subarray(end, next) })
        return this.#keep(bytes, next, batches)
      }
      last = type
      end = next
    }
    if (end > begin) batches.push(batchOf(last, bytes.subarray(begin, end)))
    return this.#keep(bytes, end, batches)
  }

  #keep(bytes: Buffer, from: number, batches: ReadonlyArray<ProtocolBatch>): ReadonlyArray<ProtocolBatch> {
    this.#rest = Buffer.from(bytes.subarray(from))
    return batches
  }
}

const CANCEL_REQUEST = 80_877_102
const TERMINATE = 0x58
const SYNC = 0x53
const QUERY = 0x51

const batchOf = (lastType: number, bytes: Uint8Array): ProtocolBatch => ({
  kind: lastType === SYNC || lastType === QUERY ? "synchronised" : "partial",
  bytes
})

const asBuffer = (chunk: Uint8Array): Buffer => Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
