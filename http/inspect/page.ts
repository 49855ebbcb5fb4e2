import { readFileSync } from "node:fs"

/** A file of the inspection page as an HTTP answer. */
export interface PageAsset {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

/** The file that a path names, undefined for a path that is none of the page's. */
export const pageAsset = (path: string): PageAsset | undefined => {
  const name = files.get(path)
  if (name === undefined) return undefined
  const loaded = assets.get(name) ?? load(name)
  assets.set(name, loaded)
  return loaded
}

const files = new Map([
  ["/inspect", "index.html"],
  ["/inspect/", "index.html"],
  ...[
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
  ].map((name) => [`/inspect/${name}`, name] as const)
])

const contentTypes: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8"
}

/** The page loads nothing from elsewhere, and nothing may run in it but its own modules. */
const contentSecurityPolicy =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
  "form-action 'none'; base-uri 'none'; frame-ancestors 'none'"

const assets = new Map<string, PageAsset>()

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
