import { Header } from "tar"
import { crc32, gzipSync } from "node:zlib"

/** An entry of an archive that a test makes. A plain file unless said otherwise. */
export interface MadeEntry {
  readonly path: string
  readonly content?: string | Uint8Array
  readonly type?: "File" | "Directory" | "SymbolicLink" | "Link" | "CharacterDevice"
  readonly linkpath?: string
  /** What the header says, where it lies. */
  readonly size?: number
}

/** A tar archive byte for byte, good or evil. */
export const tarOf = (entries: ReadonlyArray<MadeEntry>): Buffer => {
  const blocks = entries.flatMap((entry) => {
    const content = Buffer.from(entry.content ?? "")
    const header = new Header({
      path: entry.path,
      type: entry.type ?? "File",
      size: entry.size ?? content.length,
      mode: 0o777,
      mtime: new Date(0),
      ...(entry.linkpath === undefined ? {} : { linkpath: entry.linkpath })
    })
    const block = Buffer.alloc(512)
    header.encode(block)
    return [block, content, Buffer.alloc((512 - (content.length % 512)) % 512)]
  })
  return Buffer.concat([...blocks, Buffer.alloc(1024)])
}

/** The same, compressed. */
export const tgzOf = (entries: ReadonlyArray<MadeEntry>): Buffer => gzipSync(tarOf(entries))

/** A zip archive of stored files, good or evil. Symbolic links are made as on Unix. */
export const zipOf = (entries: ReadonlyArray<MadeEntry>): Buffer => {
  const locals: Array<Buffer> = []
  const centrals: Array<Buffer> = []
  let offset = 0
  for (const entry of entries) {
    const name = Buffer.from(entry.path)
    const content = Buffer.from(entry.content ?? "")
    const size = entry.size ?? content.length
    const local = Buffer.alloc(30)
    local.writeUInt32LE(0x04034b50, 0)
    local.writeUInt16LE(20, 4)
    local.writeUInt32LE(crc32(content), 14)
    local.writeUInt32LE(content.length, 18)
    local.writeUInt32LE(size, 22)
    local.writeUInt16LE(name.length, 26)
    const central = Buffer.alloc(46)
    central.writeUInt32LE(0x02014b50, 0)
    central.writeUInt16LE(0x0314, 4)
    central.writeUInt16LE(20, 6)
    central.writeUInt32LE(crc32(content), 16)
    central.writeUInt32LE(content.length, 20)
    central.writeUInt32LE(size, 24)
    central.writeUInt16LE(name.length, 28)
    central.writeUInt32LE(((entry.type === "SymbolicLink" ? 0o120777 : 0o100644) << 16) >>> 0, 38)
    central.writeUInt32LE(offset, 42)
    locals.push(local, name, content)
    centrals.push(central, name)
    offset += local.length + name.length + content.length
  }
  const directory = Buffer.concat(centrals)
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(entries.length, 8)
  end.writeUInt16LE(entries.length, 10)
  end.writeUInt32LE(directory.length, 12)
  end.writeUInt32LE(offset, 16)
  return Buffer.concat([...locals, directory, end])
}
