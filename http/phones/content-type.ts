import { extname } from "node:path/posix"

const types: Readonly<Record<string, string>> = {
  ".xml": "application/xml",
  ".htm": "text/html",
  ".html": "text/html",
  ".json": "application/json",
  ".png": "image/png",
  ".jpg": "image/jpeg",
  ".jpeg": "image/jpeg",
  ".gif": "image/gif",
  ".bmp": "image/bmp",
  ".wav": "audio/wav",
  ".mp3": "audio/mpeg",
  ".zip": "application/zip",
  ".gz": "application/gzip",
  ".tgz": "application/gzip",
  ".bin": "application/octet-stream",
  ".rom": "application/octet-stream",
  ".ld": "application/octet-stream"
}

/** By the extension (contracts/provisioning.md 8.6); phones do not care about the others. No charset is claimed. */
export const contentTypeOf = (path: string): string => types[extname(path).toLowerCase()] ?? "text/plain"
