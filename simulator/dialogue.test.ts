import { describe, expect, it } from "vitest"
import { header } from "../runtime/ami/ami.ts"
import { masked, recordedPbx, replayDialogue } from "./recorded.ts"

/** Answers that a simulator cannot give in Asterisk's order or number, and what is compared instead. */
const exceptions: Readonly<
  Record<string, { readonly why: string; readonly compared: (text: string) => unknown }>
> = {
  "ctl-19": { why: "channels come in the order of a hash table", compared: (text) => messagesOf(text) },
  "ctl-20": { why: "channels come in the order of a hash table", compared: (text) => messagesOf(text) },
  "ctl-33": {
    why: "a conference's announcer has no channels of its own here",
    compared: (text) => text.split("\r\n").filter((line) => !line.includes("CBAnn/"))
  },
  "ctl-45": { why: "devices come in the order of a hash table", compared: (text) => messagesOf(text) }
}

const messagesOf = (text: string) => text.split("\r\n\r\n").toSorted()

describe("the recorded dialogue", () => {
  const exchanges = replayDialogue(recordedPbx())

  for (const { action, answer, given } of exchanges) {
    const id = header(action, "ActionID") ?? ""
    const exception = exceptions[id]
    const name = `${header(action, "Action")} (${id}) is answered as Asterisk answered it`
    if (exception === undefined)
      it(`${name}, byte for byte`, () => expect(masked(given)).toBe(masked(answer)))
    else {
      it(`${name}, except that ${exception.why}`, () => {
        expect(exception.compared(masked(given))).toEqual(exception.compared(masked(answer)))
      })
    }
  }

  it("has all 56 actions", () => {
    expect(exchanges.length).toBe(56)
  })
})
