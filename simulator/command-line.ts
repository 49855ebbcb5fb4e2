import type { Channel } from "./channel.ts"
import { deviceStates, deviceStateTexts } from "./devices.ts"
import type { Pbx } from "./pbx.ts"
import { type Member, type Queue, serviceLevels } from "./queues.ts"

export interface CommandResult {
  readonly succeeds: boolean
  readonly output: ReadonlyArray<string>
}

/** A command of Asterisk's console, as far as clients use them over AMI (contracts/callcenter.md 9.2, 9.3). */
export const runCommand = (pbx: Pbx, text: string): CommandResult => {
  const words = text.trim().split(/\s+/)
  const command = commands.find(({ name }) => name.every((word, index) => words[index] === word))
  if (command === undefined) return unknownCommand(text, words)
  const result = command.run(pbx, words.slice(command.name.length))
  if (result === "usage") return { succeeds: false, output: [command.usage] }
  if (result.succeeds) return result
  return { succeeds: false, output: [...result.output, `Command '${text}' failed.`] }
}

interface Command {
  readonly name: ReadonlyArray<string>
  readonly usage: string
  readonly run: (pbx: Pbx, args: ReadonlyArray<string>) => CommandResult | "usage"
}

const commands: ReadonlyArray<Command> = [
  {
    name: ["devstate", "change"],
    usage: "Usage: devstate change <device> <state>",
    run: (pbx, [device = "", word = "", ...rest]) => {
      const state = deviceStates.find((each) => each === word.toUpperCase())
      if (device === "" || word === "" || rest.length > 0) return "usage"
      if (!/^Custom:/i.test(device)) {
        return failure("The devstate command can only be used to set 'Custom:' device state!")
      }
      const name = device.slice("Custom:".length)
      if (name === "" || state === undefined || state === "UNKNOWN") return "usage"
      pbx.database.set(`/CustomDevstate/${name}`, word)
      pbx.devices.publish(`Custom:${name}`, state)
      return success(`Changing ${name} to ${word}`)
    }
  },
  {
    name: ["devstate", "list"],
    usage: "Usage: devstate list",
    run: (pbx) =>
      success(
        "",
        RULE,
        "--- Custom Device States --------------------------------------------",
        RULE,
        "---",
        ...[...pbx.database]
          .filter(([key]) => key.startsWith("/CustomDevstate/"))
          .flatMap(([key, state]) => [
            `--- Name: 'Custom:${key.slice("/CustomDevstate/".length)}'  State: '${state}'`,
            "---"
          ]),
        RULE,
        RULE,
        ""
      )
  },
  {
    name: ["presencestate", "change"],
    usage: "Usage: presencestate change <entity> <state>[,<subtype>[,message[,options]]]",
    run: (pbx, [entity = "", ...rest]) => {
      const value = rest.join(" ").replace(/^"(.*)"$/, "$1")
      if (value === "") return "usage"
      if (!/^CustomPresence:./i.test(entity)) {
        return failure("The presencestate command can only be used to set 'CustomPresence:' presence state!")
      }
      if (!pbx.presences.change(entity, value)) return "usage"
      return success(`Changing ${entity.slice("CustomPresence:".length)} to ${value.split(",")[0]}`)
    }
  },
  {
    name: ["presencestate", "list"],
    usage: "Usage: presencestate list",
    run: (pbx) =>
      success(
        "",
        RULE,
        "--- Custom Presence States ------------------------------------------",
        RULE,
        "---",
        ...[...pbx.presences.all()].flatMap(([provider, { state, subtype, message }]) => [
          `--- Name: '${provider}'`,
          `    --- State: '${state}'`,
          `    --- Subtype: '${subtype}'`,
          `    --- Message: '${message}'`,
          "---"
        ]),
        RULE,
        RULE,
        ""
      )
  },
  {
    name: ["core", "show", "version"],
    usage: "Usage: core show version",
    run: (pbx) => success(`Asterisk ${pbx.version} built by strowger @ simulator on a virtual running Node`)
  },
  {
    name: ["core", "show", "channels", "concise"],
    usage: "Usage: core show channels concise",
    run: (pbx) => success(...[...pbx.calls.channels.values()].map((channel) => concise(pbx, channel)))
  },
  {
    name: ["queue", "show"],
    usage: "Usage: queue show [<queue>]",
    run: (pbx, [name]) => {
      if (name === undefined) {
        const byName = [...pbx.queues.all.values()].toSorted((a, b) =>
          a.settings.name < b.settings.name ? -1 : 1
        )
        return byName.length === 0
          ? success("No queues.")
          : success(...byName.flatMap((queue) => showQueue(pbx, queue)))
      }
      const queue = pbx.queues.find(name)
      return queue === undefined ? success(`No such queue: ${name}.`) : success(...showQueue(pbx, queue))
    }
  }
]

/** Words that some command of Asterisk starts with: its complaint names one word more than it understood. */
const FIRST_WORDS = new Set([
  "core",
  "database",
  "dialplan",
  "devstate",
  "no",
  "pjsip",
  "presencestate",
  "queue"
])

const unknownCommand = (text: string, words: ReadonlyArray<string>): CommandResult => {
  const understood = words.slice(0, FIRST_WORDS.has(words[0] ?? "") ? 2 : 1).join(" ")
  return {
    succeeds: false,
    output: [`No such command '${text}' (type 'core show help ${understood}' for other possible commands)`]
  }
}

const success = (...output: ReadonlyArray<string>): CommandResult => ({ succeeds: true, output })
const failure = (...output: ReadonlyArray<string>): CommandResult => ({ succeeds: false, output })

const RULE = "-".repeat(69)

const concise = (pbx: Pbx, channel: Channel): string =>
  [
    channel.name,
    channel.context,
    channel.exten,
    channel.priority,
    channel.state,
    channel.application || "(None)",
    channel.data,
    channel.caller.number ?? "",
    "",
    "",
    "3",
    Math.floor((pbx.clock.now() - channel.createdAt) / 1_000_000),
    channel.bridge?.id ?? "",
    channel.uniqueid
  ].join("!")

const showQueue = (pbx: Pbx, queue: Queue): ReadonlyArray<string> => {
  const { settings } = queue
  const levels = serviceLevels(queue)
  const waiting = pbx.queueCalls.waiting(queue)
  const limit = settings.maxLength === 0 ? "unlimited" : String(settings.maxLength)
  const now = pbx.clock.seconds()
  return [
    `${settings.name} has ${waiting.length} calls (max ${limit}) in '${settings.strategy}' strategy` +
      ` (${queue.holdTime}s holdtime, ${queue.talkTime}s talktime), W:${settings.weight},` +
      ` C:${queue.completed}, A:${queue.abandoned}, SL:${levels.answered.toFixed(1)}%,` +
      ` SL2:${levels.all.toFixed(1)}% within ${settings.serviceLevel}s`,
    ...(queue.members.length === 0
      ? ["   No Members"]
      : ["   Members: ", ...queue.members.map((member) => showMember(member, now))]),
    ...(waiting.length === 0
      ? ["   No Callers"]
      : [
          "   Callers: ",
          ...waiting.map(({ channel, position, since }) => {
            const wait = now - Math.floor(since / 1_000_000)
            const time = `${Math.floor(wait / 60)}:${String(wait % 60).padStart(2, "0")}`
            return `      ${position}. ${channel.name} (wait: ${time}, prio: 0)`
          })
        ]),
    ""
  ]
}

const showMember = (member: Member, now: number): string => {
  const from = member.stateInterface === member.interfaceName ? "" : ` from ${member.stateInterface}`
  const parts = [
    member.name,
    member.name === member.interfaceName ? "" : ` (${member.interfaceName}${from})`,
    member.penalty === 0 ? "" : ` with penalty ${member.penalty}`,
    ` (ringinuse ${member.ringInUse ? "enabled" : "disabled"})`,
    member.membership === "dynamic" ? " (dynamic)" : "",
    member.call === undefined ? "" : " (in call)",
    member.isPaused ? ` (paused${pausedFor(member)} was ${now - member.lastPause} secs ago)` : "",
    ` (${deviceStateTexts[member.state]})`,
    member.calls === 0
      ? " has taken no calls yet"
      : ` has taken ${member.calls} calls (last was ${now - member.lastCall} secs ago)`,
    ` (login was ${now - member.loginTime} secs ago)`
  ]
  return `      ${parts.join("")}`
}

const pausedFor = (member: Member): string => (member.pausedReason === "" ? "" : `:${member.pausedReason}`)
