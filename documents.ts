import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { knobs } from "./runtime/config.ts"
import { catalogue, requiredAclOf } from "./schemas/events/catalogue.ts"

/** The parts of the documentation that are made from the code: `npm run docs` writes them, a test compares them. */
export const documents: ReadonlyArray<{ readonly path: string; readonly make: (present: string) => string }> =
  [
    { path: "docs/events.md", make: () => eventsPage() },
    { path: "README.md", make: (present) => withKnobTable(present) }
  ]

/** The page about every event of the runtime. */
const eventsPage = (): string =>
  [
    "# Events",
    "",
    "Every event that the runtime publishes, made from `schemas/events/` by `npm run docs`. Each goes out as one",
    "envelope: its headers, and the payload under `data`. `{…}` is filled from the payload; in it `.` becomes",
    "`__DOT__`, `#` `__HASH__`, `*` `__STAR__`.",
    "",
    "| class | seen by |",
    "| --- | --- |",
    "| service | tokens of the master tenant |",
    "| tenant | every user of the tenant, its administrators, master |",
    "| user, multi-user | the named users, the tenant's administrators, master |",
    "",
    "AMI events are published under their own names, class service, routing key `ami.<name>`, right",
    "`events.ami.<name>`, with all headers as `data`.",
    ...Object.entries(catalogue).flatMap(([service, events]) => [
      "",
      `## ${service}`,
      "",
      "| name | class | routing key | required right |",
      "| --- | --- | --- | --- |",
      ...events.map(
        (event) =>
          `| ${event.name} | ${event.class} | ${event.routingKey} | ${code(requiredAclOf(event) ?? "none")} |`
      )
    ]),
    ""
  ].join("\n")

const begin = "<!-- knobs -->"
const end = "<!-- /knobs -->"

const withKnobTable = (readme: string): string => {
  const [before = "", rest = ""] = readme.split(begin)
  const after = rest.split(end)[1] ?? ""
  const rows = knobs.map(
    (knob) => `| \`${knob.name}\` | ${knob.default === "" ? "" : code(knob.default)} | ${knob.meaning} |`
  )
  return `${before}${begin}\n| knob | default | meaning |\n| --- | --- | --- |\n${rows.join("\n")}\n${end}${after}`
}

const code = (text: string): string => `\`${text}\``

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const { path, make } of documents) {
    const file = join(import.meta.dirname, path)
    writeFileSync(file, make(read(file)))
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8")
  } catch {
    return ""
  }
}
