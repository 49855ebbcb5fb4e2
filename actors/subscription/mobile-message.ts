/** What a push says, whatever carries it (contracts/webhooks.md 10.2). */
export interface PushMessage {
  readonly type: string
  readonly title?: string
  readonly body?: string
  readonly voip: boolean
  readonly dataOnly: boolean
  /** The data object that the app gets. */
  readonly data: PushData
}

export interface PushData {
  readonly notification_type: string
  readonly items: Json
  readonly [more: string]: unknown
}

type Json = Readonly<Record<string, unknown>>

/** The push of an event; undefined: events of this name make none. */
export const messageOf = (eventName: string, event: Json, now: Date): PushMessage | undefined => {
  const timestamp = now.toISOString().replace("Z", "000+00:00")
  const make = (
    type: string,
    items: Json,
    flags: { readonly voip?: boolean; readonly dataOnly?: boolean },
    words: { readonly title?: string; readonly body?: string } = {}
  ): PushMessage => ({
    type,
    ...words,
    voip: flags.voip ?? false,
    dataOnly: flags.dataOnly ?? false,
    data: {
      notification_type: type,
      items: {
        ...items,
        notification_timestamp: timestamp,
        ...(flags.dataOnly === true ? { data_only: true } : {})
      }
    }
  })
  switch (eventName) {
    case "call_push_notification":
      return make(
        "incomingCall",
        event,
        { voip: true },
        {
          title: "Incoming Call",
          body: `From: ${textOf(event["peer_caller_id_number"])}`
        }
      )
    case "call_cancel_push_notification":
      return make("cancelIncomingCall", event, { dataOnly: true })
    case "user_voicemail_message_created":
    case "global_voicemail_message_created": {
      const message = recordOf(event["message"])
      const name = textOf(message["caller_id_name"]) || "Unknown"
      return make(
        "voicemailReceived",
        event,
        { dataOnly: true },
        {
          title: "New Voicemail",
          body: `From: ${name} (${textOf(message["caller_id_num"])})`
        }
      )
    }
    case "chatd_user_room_message_created":
      return make(
        "messageReceived",
        event,
        { dataOnly: true },
        {
          title: `New Message from ${textOf(event["alias"]) || "[Unknown]"}`,
          body: shortened(textOf(event["content"]))
        }
      )
    case "user_missed_call": {
      const { caller_id_name: name, caller_id_number: number } = event
      const items = { caller_id_name: name ?? null, caller_id_number: number ?? null }
      return make(
        "missedCall",
        items,
        { dataOnly: true },
        {
          title: "Missed Call",
          body: `From: ${textOf(name) || "<name unknown>"} (${textOf(number) || "<number unknown>"})`
        }
      )
    }
    default:
      return undefined
  }
}

/** A push of an application's own making (contracts/webhooks.md 10.3). */
export const customMessage = (
  notification: {
    readonly type: string
    readonly title: string
    readonly body: string
    readonly extra: Json
  },
  now: Date
): PushMessage => ({
  type: notification.type,
  title: notification.title,
  body: notification.body,
  voip: false,
  dataOnly: false,
  data: {
    notification_type: notification.type,
    items: { notification_timestamp: now.toISOString().replace("Z", "000+00:00") },
    ...notification.extra
  } as PushData
})

const textOf = (value: unknown): string =>
  typeof value === "string" ? value : typeof value === "number" ? String(value) : ""

const recordOf = (value: unknown): Json =>
  typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value)) : {}

const shortened = (text: string): string => {
  const characters = [...text]
  return characters.length > 100 ? `${characters.slice(0, 97).join("")}...` : text
}

/** The tokens and topics of an app on an Apple device. */
export interface ApnsAddress {
  readonly token?: string
  readonly voipToken?: string
  readonly notificationToken?: string
  readonly callTopic: string
  readonly defaultTopic: string
}

export interface ApnsRequest {
  readonly token: string
  readonly headers: Readonly<Record<string, string>>
  readonly payload: Json
}

/** The request to APNs; undefined when the app gave no token for such a push. */
export const apnsRequest = (message: PushMessage, address: ApnsAddress): ApnsRequest | undefined => {
  const { type, title, body, data } = message
  const common = { "apns-expiration": "0" }
  if (type === "incomingCall") {
    const token = address.voipToken ?? address.token
    if (token === undefined) return undefined
    return {
      token,
      headers: {
        ...common,
        "apns-topic": address.callTopic,
        "apns-push-type": "voip",
        "apns-priority": "10"
      },
      payload: { aps: { alert: data, badge: 1 }, ...data }
    }
  }
  const token = address.notificationToken
  if (token === undefined) return undefined
  const headers = {
    ...common,
    "apns-topic": address.defaultTopic,
    "apns-push-type": "alert",
    "apns-priority": "5"
  }
  if (type === "cancelIncomingCall") {
    return {
      token,
      headers,
      payload: { aps: { badge: 1, sound: "default", "content-available": 1 }, ...data }
    }
  }
  const aps = {
    badge: 1,
    sound: "default",
    ...(message.dataOnly ? { "content-available": 1 } : {}),
    ...(title === undefined ? {} : { alert: { title, body } })
  }
  return { token, headers, payload: { aps, data } }
}

/** The body of a request to FCM v1. */
export const fcmMessage = (message: PushMessage, token: string, channel: string): string => {
  const { items, ...rest } = message.data
  const notification =
    message.dataOnly || message.type === "incomingCall"
      ? {}
      : {
          notification: {
            title: message.title,
            body: message.body,
            channel_id: channel,
            notification_count: 1
          }
        }
  return sortedJson({
    message: {
      token,
      data: { ...rest, items: Object.keys(items).length === 0 ? "" : sortedJson(items) },
      android: { priority: "high", ttl: "0s", ...notification }
    }
  })
}

/** The body of a request to the legacy FCM API. */
export const legacyFcmMessage = (message: PushMessage, token: string): string =>
  sortedJson({ to: token, priority: "high", data: message.data })

/** Minified, keys in order at every level. */
const sortedJson = (value: unknown): string =>
  JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([one], [other]) => (one < other ? -1 : 1)))
      : inner
  )
