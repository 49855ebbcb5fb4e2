import { close, open, read } from "node:fs"
import { realpath, stat } from "node:fs/promises"
import { join, sep } from "node:path"
import { promisify } from "node:util"
import { Effect } from "effect"
import type { TftpSource } from "../../runtime/tftp/tftp.ts"

const readAhead = 256 * 1024

/** A file below a folder, for TFTP; undefined when it is none, or a link leads out of the folder. */
export const fileSource = (root: string, path: string): Effect.Effect<TftpSource | undefined> =>
  Effect.promise(async () => {
    try {
      const folder = await realpath(root)
      const file = await realpath(join(folder, path))
      if (!file.startsWith(folder + sep)) return undefined
      const found = await stat(file)
      if (!found.isFile()) return undefined
      const descriptor = await openFile(file, "r")
      return new FileSource(descriptor, found.size)
    } catch {
      return undefined
    }
  })

const openFile = promisify(open)
const readFile = promisify(read)

/** Reads ahead, so that few blocks have to be waited for. */
class FileSource implements TftpSource {
  readonly size: number
  readonly #descriptor: number
  #chunk = Buffer.alloc(0)
  #chunkAt = 0

  constructor(descriptor: number, size: number) {
    this.#descriptor = descriptor
    this.size = size
  }

  read(target: Buffer, position: number): void | Promise<void> {
    if (this.#copy(target, position)) return
    return this.#fill(position, Math.max(readAhead, target.length)).then(() => {
      if (!this.#copy(target, position)) throw new Error("the file has become shorter")
    })
  }

  close(): void {
    close(this.#descriptor, () => {})
  }

  #copy(target: Buffer, position: number): boolean {
    const start = position - this.#chunkAt
    if (start < 0 || start + target.length > this.#chunk.length) return target.length === 0
    this.#chunk.copy(target, 0, start, start + target.length)
    return true
  }

  async #fill(position: number, length: number): Promise<void> {
    const chunk = Buffer.allocUnsafe(Math.min(length, this.size - position))
    const { bytesRead } = await readFile(this.#descriptor, chunk, 0, chunk.length, position)
    this.#chunk = chunk.subarray(0, bytesRead)
    this.#chunkAt = position
  }
}
