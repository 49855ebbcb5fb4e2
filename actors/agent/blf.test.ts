import { assert, describe, it } from "@effect/vitest"
import { blfCommands } from "./blf.ts"

const commandsOf = (...asked: Parameters<typeof blfCommands>) =>
  blfCommands(...asked).map(({ action, headers }) => [action, ...(headers ?? []).flat()])

describe("BLF commands (8.3)", () => {
  it("user 12, agent 5, number 1001: three features in order, each for *<agent id> and for the number", () => {
    const agent = { id: 5, number: "1001" }
    const command = (hint: string, state: string) => [
      "Command",
      "Command",
      `devstate change Custom:${hint} ${state}`
    ]
    assert.deepEqual(commandsOf(12, agent, "login"), [
      command("*73512***231***35", "INUSE"),
      command("*73512***231*1001", "INUSE"),
      command("*73512***232***35", "NOT_INUSE"),
      command("*73512***232*1001", "NOT_INUSE"),
      command("*73512***230***35", "INUSE"),
      command("*73512***230*1001", "INUSE")
    ])
    assert.deepEqual(
      commandsOf(12, agent, "logoff").map((command) => command[2]?.split(" ").at(-1)),
      ["NOT_INUSE", "NOT_INUSE", "INUSE", "INUSE", "NOT_INUSE", "NOT_INUSE"]
    )
  })

  it("every * of a number is written **3", () => {
    const [, toNumber] = commandsOf(12, { id: 5, number: "*10*" }, "login")
    assert.strictEqual(toNumber?.[2], "devstate change Custom:*73512***231***310**3 INUSE")
  })
})
