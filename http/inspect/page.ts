import { readFileSync } from "node:fs"

/** A file of the inspection page as an HTTP answer. */
export interface PageAsset {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

/** The files of the page by their paths, read once. A file that is missing is a defect. */
export const loadPage = (): ReadonlyMap<string, PageAsset> => {
  const index = load("index.html")
  return new Map([
    ["/inspect", index],
    ["/inspect/", index],
    ...files.map((name) => [`/inspect/${name}`, load(name)] as const)
  ])
}

const files = [
  "style.css",
  "main.js",
  "session.js",
  "api.js",
  "live.js",
  "kinds.js",
  "actors.js",
  "actor.js",
  "diagram.js",
  "dom.js"
]

const contentTypes: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8"
}

/** The page loads nothing from elsewhere, and nothing may run in it but its own modules. */
const contentSecurityPolicy =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
  "form-action 'none'; base-uri 'none'; frame-ancestors 'none'"

const load = (name: string): PageAsset => {
  const body = readFileSync(new URL(`./page/${name}`, import.meta.url))
  return {
    status: 200,
    headers: {
      "Content-Type": contentTypes[name.slice(name.lastIndexOf(".") + 1)] ?? "application/octet-stream",
      "Content-Length": String(body.length),
      "Cache-Control": "no-cache",
      "Content-Security-Policy": contentSecurityPolicy,
      "Referrer-Policy": "no-referrer",
      "X-Content-Type-Options": "nosniff"
    },
    body
  }
}
