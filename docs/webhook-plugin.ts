import { appendFile } from "node:fs/promises"
import type { HookPlugin } from "../actors/subscription/hook-service.ts"

/**
 * A plugin of webhooks to begin from: copy it into the folder of STROWGER_PLUGIN_DIR. Subscriptions with the service
 * `journal` write each event as a line into the file of their config: `{"service": "journal", "config": {"file":
 * "/var/log/calls.jsonl"}}`. What cannot be written is tried again as the subscription's policy has it.
 */
export const plugin: HookPlugin = {
  name: "journal",
  hookServices: [
    {
      name: "journal",
      run: async ({ uuid, number, eventName, event, config }) => {
        const { file } = config
        if (file === undefined) {
          return { class: "permanent", detail: {}, error: "the config names no file" }
        }
        const line = JSON.stringify({ id: uuid, event: eventName, data: event["data"] })
        try {
          await appendFile(file, `${line}\n`)
          return { class: "success", detail: { file, bytes: line.length } }
        } catch (error) {
          const reason = error instanceof Error ? error.message : String(error)
          return { class: "retry", detail: { file, attempt: number }, error: reason, retryAfter: 1 }
        }
      },
      status: () => "ok"
    }
  ]
}
