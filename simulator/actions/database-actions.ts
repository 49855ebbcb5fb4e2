import type { Handlers } from "./action.ts"

/** Asterisk's database (contracts/callcenter.md 9.3). The full stops differ from action to action as there. */
export const databaseActions: Handlers = {
  DBPut: ({ get, reply, pbx }) => {
    if (get("Family") === "") return reply.error("No family specified")
    if (get("Key") === "") return reply.error("No key specified")
    pbx.database.set(path(get("Family"), get("Key")), get("Val"))
    return reply.ack("Updated database successfully")
  },
  DBGet: ({ get, reply, pbx }) => {
    if (get("Family") === "") return reply.error("No family specified.")
    if (get("Key") === "") return reply.error("No key specified.")
    const value = pbx.database.get(path(get("Family"), get("Key")))
    if (value === undefined) return reply.error("Database entry not found")
    return reply.list({
      message: "Result will follow",
      events: [
        [
          ["Event", "DBGetResponse"],
          ["Family", get("Family")],
          ["Key", get("Key")],
          ["Val", value],
          ...reply.id
        ]
      ],
      complete: "DBGetComplete"
    })
  },
  DBGetTree: ({ get, reply, pbx }) =>
    reply.list({
      message: "Result will follow",
      events: [...pbx.database]
        .filter(([key]) => isBelow(key, get("Family"), get("Key")))
        .map(([key, value]) => [["Event", "DBGetTreeResponse"], ["Key", key], ["Val", value], ...reply.id]),
      complete: "DBGetTreeComplete"
    }),
  DBDel: ({ get, reply, pbx }) => {
    if (get("Family") === "") return reply.error("No family specified.")
    if (get("Key") === "") return reply.error("No key specified.")
    return pbx.database.delete(path(get("Family"), get("Key")))
      ? reply.ack("Key deleted successfully")
      : reply.error("Database entry could not be deleted")
  },
  DBDelTree: ({ get, reply, pbx }) => {
    if (get("Family") === "") return reply.error("No family specified.")
    const keys = [...pbx.database.keys()].filter((key) => isBelow(key, get("Family"), get("Key")))
    for (const key of keys) pbx.database.delete(key)
    return keys.length === 0
      ? reply.error("Database entry not found")
      : reply.ack("Key tree deleted successfully")
  }
}

const path = (family: string, key: string): string => `/${family}/${key}`

const isBelow = (key: string, family: string, subtree: string): boolean => {
  if (family === "") return true
  const top = subtree === "" ? `/${family}` : path(family, subtree)
  return key === top || key.startsWith(`${top}/`)
}
