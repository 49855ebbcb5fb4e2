import type { ConsumeMessage } from "amqplib"
import type { BusEvent, HeaderValue } from "../../schemas/events/envelope.ts"
import { publishedEvent } from "./dispatch.ts"

/**
 * The event in a message of another node or service; undefined for one that nobody here waits for, and for one
 * that is no event: without a name, too large, or without the JSON envelope.
 */
export const eventOfMessage = (
  { content, fields, properties }: ConsumeMessage,
  wants: (name: string) => boolean
): BusEvent | undefined => {
  const headers: Record<string, unknown> = properties.headers ?? {}
  const name = headers["name"]
  if (typeof name !== "string" || !wants(name) || content.byteLength > MAX_BODY) return undefined
  const body = content.toString("utf8")
  const data = dataOf(body)
  if (data === undefined) return undefined
  const plain = Object.fromEntries(Object.entries(headers).filter(isPlain))
  return publishedEvent({ name, headers: plain, data, routingKey: fields.routingKey }, body)
}

const MAX_BODY = 1024 * 1024

const dataOf = (body: string): object | undefined => {
  try {
    const envelope: unknown = JSON.parse(body)
    if (typeof envelope !== "object" || envelope === null || !("data" in envelope)) return undefined
    return typeof envelope.data === "object" && envelope.data !== null ? envelope.data : undefined
  } catch {
    return undefined
  }
}

const isPlain = (entry: [string, unknown]): entry is [string, HeaderValue] =>
  entry[1] === null || ["string", "boolean", "number"].includes(typeof entry[1])
