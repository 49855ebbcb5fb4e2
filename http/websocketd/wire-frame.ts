/** A whole text message as the unmasked bytes of one WebSocket frame (RFC 6455 5.2), ready for any number of sockets. */
export const textFrame = (text: string): Buffer => {
  const length = Buffer.byteLength(text)
  const frame = Buffer.allocUnsafe(headerLength(length) + length)
  frame.write(text, writeHeader(frame, opcodes.text, length))
  return frame
}

/** The frame of a pong; `payload` is that of the ping, at most 125 bytes. */
export const pongFrame = (payload: Buffer): Buffer => {
  const frame = Buffer.allocUnsafe(headerLength(payload.length) + payload.length)
  payload.copy(frame, writeHeader(frame, opcodes.pong, payload.length))
  return frame
}

const opcodes = { text: 0x1, ping: 0x9, pong: 0xa }

const lastFragment = 0x80

/** The frame of a ping without payload. */
export const pingFrame = Buffer.of(lastFragment | opcodes.ping, 0)

const headerLength = (length: number): number => (length < 126 ? 2 : length < 65_536 ? 4 : 10)

const writeHeader = (frame: Buffer, opcode: number, length: number): number => {
  frame[0] = lastFragment | opcode
  if (length < 126) {
    frame[1] = length
    return 2
  }
  if (length < 65_536) {
    frame[1] = 126
    return frame.writeUInt16BE(length, 2)
  }
  frame[1] = 127
  return frame.writeBigUInt64BE(BigInt(length), 2)
}
