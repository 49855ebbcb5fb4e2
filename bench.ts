import type { BenchResult } from "./runtime/bench.ts"

/** `npm run bench -- <name>...`: runs the named benchmarks, or all, and prints one line of JSON for each. */
const benchmarks: Readonly<Record<string, () => Promise<{ run: () => Promise<BenchResult> }>>> = {
  agents: () => import("./actors/agent/agents.bench.ts"),
  "ami-to-ws": () => import("./http/websocketd/ami-to-ws.bench.ts"),
  ami: () => import("./runtime/ami/ami.bench.ts"),
  "boot-storm": () => import("./http/phones/boot-storm.bench.ts"),
  "phone-http": () => import("./http/phones/phone-http.bench.ts"),
  "phone-tftp": () => import("./http/phones/phone-tftp.bench.ts"),
  login: () => import("./http/auth/login.bench.ts"),
  token: () => import("./http/auth/token.bench.ts"),
  users: () => import("./http/auth/users.bench.ts"),
  webhooks: () => import("./http/webhookd/webhooks.bench.ts"),
  ws: () => import("./http/websocketd/ws.bench.ts")
}

const wanted = process.argv.slice(2)
for (const name of wanted.length > 0 ? wanted : Object.keys(benchmarks)) {
  const load = benchmarks[name]
  if (load === undefined) {
    console.error(`no benchmark ${name}; there are: ${Object.keys(benchmarks).join(", ")}`)
    process.exitCode = 1
    continue
  }
  const { run } = await load()
  console.log(JSON.stringify(await run()))
}
