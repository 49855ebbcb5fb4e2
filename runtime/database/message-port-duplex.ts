import { Duplex } from "node:stream"
import type { MessagePort } from "node:worker_threads"

/**
 * A byte stream over a message port, as a client of a database connection expects it. Each written chunk is
 * copied and handed over, so that no memory is shared between the threads.
 *
 * A port whose other thread ended closes the stream with an error, never silently.
 */
export class MessagePortDuplex extends Duplex {
  readonly #port: MessagePort

  constructor(port: MessagePort) {
    super({ allowHalfOpen: false })
    this.#port = port
    port.on("message", (bytes: Uint8Array) => {
      this.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
    })
    port.on("close", () => {
      this.destroy(this.writableEnded ? undefined : new Error("the embedded database closed the connection"))
    })
  }

  override _read(): void {}

  override _write(chunk: Uint8Array, _encoding: string, done: () => void): void {
    const copy = new Uint8Array(chunk)
    this.#port.postMessage(copy, [copy.buffer])
    done()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#port.close()
    done(error)
  }
}
