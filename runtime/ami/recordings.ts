import { readFileSync } from "node:fs"
import { gunzipSync } from "node:zlib"

/** The recorded AMI streams of a real Asterisk (fixtures/README.md), as the server sent them. */
export type Recording = "queue-calls.events.ami" | "queue-calls.responses.ami" | "queue-load.events.ami"

/** The bytes of a recording, its banner line included. For tests and benchmarks. */
export const readRecording = (name: Recording): Buffer =>
  name === "queue-load.events.ami"
    ? gunzipSync(readFileSync(fixture(`${name}.gz`)))
    : readFileSync(fixture(name))

/** One step of the recorded control connection: an action, and what Asterisk sent until the next one. */
export interface DialogueStep {
  /** The action's lines, without line ends. */
  readonly sent: ReadonlyArray<string>
  /** The lines received, an empty one after each message. */
  readonly received: ReadonlyArray<string>
}

export type Dialogue = "queue-calls" | "phone-notify"

/** A recorded dialogue, without the banner: that of `queue-calls.responses.ami`, or of NOTIFYs to phones. */
export const readDialogue = (name: Dialogue = "queue-calls"): ReadonlyArray<DialogueStep> => {
  const steps: Array<{ sent: Array<string>; received: Array<string> }> = []
  for (const line of readFileSync(fixture(`${name}.dialogue.txt`), "utf8")
    .split("\n")
    .slice(1)) {
    const text = line.slice(2)
    const last = steps.at(-1)
    if (line.startsWith(">")) {
      if (last === undefined || last.received.length > 0) steps.push({ sent: [text], received: [] })
      else last.sent.push(text)
    } else if (line.startsWith("<")) last?.received.push(text)
  }
  return steps.map(({ sent, received }) => ({ sent: sent.filter((line) => line !== ""), received }))
}

const fixture = (name: string): URL => new URL(`./fixtures/${name}`, import.meta.url)
