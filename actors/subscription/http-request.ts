import { pythonJson } from "./template/python-text.ts"
import { renderTemplate } from "./template/render.ts"

/** A call as it will be made. */
export interface HookRequest {
  /** Upper case. */
  readonly method: string
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  /** Names of headers that are for this host alone, and for no log. */
  readonly confidential: ReadonlyArray<string>
}

/** The most that a call sends (contracts/webhooks.md 15.8). */
const maxRequestBytes = 1_048_576

/** The call cannot be built; no attempt will ever succeed. */
export class BadRequest extends Error {
  override readonly name = "BadRequest"
}

/**
 * Builds the call of a hook from its config and its event (contracts/webhooks.md 7.1, 1 to 3). Throws `BadRequest`
 * or `TemplateError`.
 */
export const buildRequest = (
  config: Readonly<Record<string, string>>,
  payload: Readonly<Record<string, unknown>>
): HookRequest => {
  if (typeof payload["data"] !== "object" || payload["data"] === null) {
    throw new BadRequest("the event has no data")
  }
  const variables = {
    event_name: payload["name"],
    event: payload["data"],
    wazo_uuid: payload["origin_uuid"],
    accent_uuid: payload["origin_uuid"]
  }
  const url = readUrl(renderTemplate(config["url"] ?? "", variables))
  const template = config["body"] ?? ""
  const { body, contentType } =
    template === ""
      ? { body: Buffer.from(pythonJson(payload["data"])), contentType: "application/json; charset=utf-8" }
      : encoded(renderTemplate(template, variables), config["content_type"] ?? "text/plain")
  if (body.length > maxRequestBytes) throw new BadRequest("the body is larger than 1 MiB")
  return {
    method: (config["method"] ?? "post").toUpperCase(),
    url,
    headers: {
      Accept: "*/*",
      "Accept-Encoding": "gzip, deflate",
      Connection: "keep-alive",
      "Content-Type": contentType,
      ...basicAuth(url)
    },
    body,
    confidential: ["Authorization"]
  }
}

/** The URL without its user information. */
export const plainUrl = (url: URL): URL => {
  if (url.username === "" && url.password === "") return url
  const plain = new URL(url)
  plain.username = ""
  plain.password = ""
  return plain
}

/** An absolute http or https URL, normalised. */
export const readUrl = (text: string): URL => {
  const trimmed = text.trimStart()
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(trimmed)?.[1]?.toLowerCase()
  if (scheme === undefined) throw new BadRequest("the URL has no scheme")
  if (scheme !== "http" && scheme !== "https")
    throw new BadRequest(`the URL scheme ${scheme} is not supported`)
  if (!/^https?:\/\/[^/?#]/i.test(trimmed) || !URL.canParse(trimmed))
    throw new BadRequest("the URL has no valid host")
  return new URL(trimmed)
}

const basicAuth = ({ username, password }: URL): Record<string, string> => {
  if (username === "" && password === "") return {}
  const credentials = `${decode(username)}:${decode(password)}`
  return { Authorization: `Basic ${Buffer.from(credentials).toString("base64")}` }
}

const decode = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

const encoded = (text: string, given: string) => {
  const { contentType, charset } = contentTypeOf(given)
  return { body: encode(text, charset), contentType }
}

/** `type/subtype; key=value`, rebuilt, with a charset. */
export const contentTypeOf = (given: string): { readonly contentType: string; readonly charset: string } => {
  const [first = "", ...rest] = given.split(";")
  const type = first.trim().toLowerCase()
  const valid = /^[^\s/]+\/[^\s/]+$/.test(type)
  const parameters = (valid ? rest : [])
    .map((part) => /^\s*([^=\s]+)\s*=\s*(.+?)\s*$/.exec(part))
    .flatMap((match) => (match === null ? [] : [[(match[1] ?? "").toLowerCase(), match[2] ?? ""] as const]))
  const named = parameters.find(([key]) => key === "charset")?.[1]
  const all = named === undefined ? [...parameters, ["charset", "utf-8"] as const] : parameters
  return {
    contentType: [valid ? type : "text/plain", ...all.map(([key, value]) => `${key}=${value}`)].join("; "),
    charset: (named ?? "utf-8").replace(/^"|"$/g, "").toLowerCase()
  }
}

const encode = (text: string, charset: string): Buffer => {
  if (/^utf-?8$/.test(charset)) return Buffer.from(text, "utf8")
  if (/^utf-?16$/.test(charset)) return Buffer.from(`\ufeff${text}`, "utf16le")
  if (/^utf-?16-?le$/.test(charset)) return Buffer.from(text, "utf16le")
  const table = tableOf(charset)
  const bytes = [...text].map((char) => {
    const byte = table.get(char)
    if (byte === undefined) throw new BadRequest(`the body cannot be encoded in ${charset}`)
    return byte
  })
  return Buffer.from(bytes)
}

/** The bytes of a single-byte charset by character. */
const tableOf = (charset: string): ReadonlyMap<string, number> => {
  const table = new Map<string, number>()
  const upTo = /^(us-)?ascii$/.test(charset) ? 128 : 256
  const latin = upTo === 128 || /^(latin-?1|iso-?8859-1)$/.test(charset)
  const decoder = latin ? undefined : decoderOf(charset)
  for (let byte = 0; byte < upTo; byte++) {
    const char = latin ? String.fromCharCode(byte) : decoder?.decode(new Uint8Array([byte]))
    if (char !== undefined && char.length === 1 && char !== "\ufffd") table.set(char, byte)
  }
  return table
}

const decoderOf = (charset: string): { readonly decode: (bytes: Uint8Array) => string } => {
  try {
    return new TextDecoder(charset)
  } catch {
    throw new BadRequest(`the charset ${charset} is unknown`)
  }
}
