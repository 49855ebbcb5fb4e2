import type { IncomingMessage, ServerResponse } from "node:http"
import parseRange from "range-parser"
import send from "send"
import type { Served } from "../../actors/device/phone-requests.ts"
import { contentTypeOf } from "./content-type.ts"

/** Answers a phone's GET or HEAD with what the chain gave (contracts/provisioning.md 8.6). */
export const sendServed = (
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
  served: Served
): void => {
  switch (served.kind) {
    case "content":
      return sendContent(request, response, path, served.content, served.modifiedAt)
    case "file":
      return sendFile(request, response, served.root, served.path)
    case "missing":
      return sendStatus(response, 404)
    case "forbidden":
      return sendStatus(response, 403)
  }
}

const reasons: Readonly<Record<number, string>> = {
  400: "Bad Request",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  416: "Range Not Satisfiable",
  500: "Internal Server Error"
}

/** A short answer in words. */
export const sendStatus = (
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>> = {}
): void => {
  if (response.headersSent) {
    response.destroy()
    return
  }
  const text = `${reasons[status] ?? "Error"}\n`
  response.writeHead(status, {
    "content-type": "text/plain",
    "content-length": text.length,
    ...headers
  })
  response.end(text)
}

const sendContent = (
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
  content: Uint8Array,
  modifiedAt: number
): void => {
  const { headers } = request
  // HTTP dates have whole seconds.
  const modified = Math.floor(modifiedAt / 1_000) * 1_000
  const since = headers["if-modified-since"]
  if (since !== undefined && modified <= Date.parse(since)) {
    response.writeHead(304)
    response.end()
    return
  }
  const common = {
    "content-type": contentTypeOf(path),
    "last-modified": httpDate(modified),
    "accept-ranges": "bytes"
  }
  const range = headers.range === undefined ? undefined : rangeOf(headers.range, content.length)
  if (range === "unsatisfiable") {
    return sendStatus(response, 416, { "content-range": `bytes */${content.length}` })
  }
  if (range !== undefined) {
    const part = content.subarray(range.start, range.end + 1)
    response.writeHead(206, {
      ...common,
      "content-range": `bytes ${range.start}-${range.end}/${content.length}`,
      "content-length": part.length
    })
    response.end(part)
    return
  }
  response.writeHead(200, { ...common, "content-length": content.length })
  response.end(content)
}

/** One range; several, or what is no range of bytes, count as none asked for (RFC 9110, section 14.2). */
const rangeOf = (header: string, size: number) => {
  const ranges = parseRange(size, header)
  if (ranges === -1) return "unsatisfiable"
  if (ranges === -2 || ranges.type !== "bytes" || ranges.length !== 1) return undefined
  return ranges[0]
}

let lastDate = { at: Number.NaN, text: "" }

/** Phones that boot together ask for files of the same second. */
const httpDate = (at: number): string => {
  if (lastDate.at !== at) lastDate = { at, text: new Date(at).toUTCString() }
  return lastDate.text
}

const sendFile = (request: IncomingMessage, response: ServerResponse, root: string, path: string): void => {
  // There is no cache on the way: who has the file need not get it again, whatever it says of caches.
  delete request.headers["cache-control"]
  send(request, encodeURI(path).replaceAll(/[?#]/g, encodeURIComponent), {
    root,
    index: false,
    dotfiles: "deny",
    cacheControl: false,
    etag: false
  })
    .on("headers", (answer: ServerResponse) => answer.setHeader("content-type", contentTypeOf(path)))
    .on("directory", () => sendStatus(response, 403))
    .on("error", (error: { readonly status?: number }) => sendStatus(response, error.status ?? 500))
    .pipe(response)
}
