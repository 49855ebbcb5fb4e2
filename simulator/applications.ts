import { channelHeaders } from "./channel.ts"
import type { Engine } from "./engine.ts"
import type { Application, Switch } from "./switch.ts"

/** Registers the dialplan applications that need nothing but the channel itself. */
export const registerBasicApplications = (engine: Engine, pbx: Switch): void => {
  const wait = (seconds: number, next: () => void) => engine.after(seconds, next)

  const applications: Record<string, Application> = {
    Answer: (channel, _data, next) => {
      if (channel.state === "Up") return void next()
      pbx.answer(channel)
      // Asterisk waits this long for the first audio; the far half of a Local channel sends none.
      if (channel.otherHalf !== undefined) return wait(AUDIO_WAIT, next)
      return void next()
    },
    Wait: (_channel, data, next) => wait(Number(data) || 0, next),
    Hangup: (channel, data) => void pbx.hangup(channel, Number(data) || undefined),
    NoOp: (_channel, _data, next) => void next(),
    Set: (channel, data, next) => {
      const [name = "", ...value] = data.split("=")
      pbx.setVariable(channel, name, value.join("="))
      next()
      return undefined
    },
    UserEvent: (channel, data, next) => {
      const [name = "", ...headers] = data.replace(/\\(.)/g, "$1").split(",")
      engine.emit("UserEvent", "user", [
        ...channelHeaders(channel),
        ["UserEvent", name],
        ...headers.map((header): readonly [string, string] => {
          const [key = "", ...value] = header.split(":")
          return [key.trim(), value.join(":").trim()]
        })
      ])
      next()
      return undefined
    }
  }
  for (const [name, application] of Object.entries(applications)) pbx.register(name, application)
}

const AUDIO_WAIT = 0.5
