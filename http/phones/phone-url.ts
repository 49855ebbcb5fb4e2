/** What the URL of a phone's request says. */
export interface PhoneUrl {
  /** Decoded, with one slash in front. */
  readonly path: string
  readonly query: Readonly<Record<string, string>>
}

/** Where the platform's nginx serves phones; the same files answer there. */
const nginxPrefix = "/device/provisioning/"

/** Longer ones are not asked for by any phone. */
const maxLength = 2_048

/**
 * Reads the URL of a request. Undefined for what names no file: bad escapes, NUL and other control characters, other
 * than an absolute path. What climbs out of the root is left to who looks for the file.
 */
export const readPhoneUrl = (url: string): PhoneUrl | undefined => {
  if (url.length > maxLength || !url.startsWith("/")) return undefined
  const mark = url.indexOf("?")
  const path = decoded(mark < 0 ? url : url.slice(0, mark))
  if (path === undefined || hasControl(path)) return undefined
  return {
    path: path.startsWith(nginxPrefix) ? path.slice(nginxPrefix.length - 1) : path,
    query: mark < 0 ? noQuery : Object.fromEntries(new URLSearchParams(url.slice(mark + 1)))
  }
}

/** Takes the provisioning key off a path (contracts/provisioning.md 8.6); undefined: there is none. */
export const splitKey = (path: string): { readonly key: string; readonly path: string } | undefined => {
  const end = path.indexOf("/", 1)
  const key = path.slice(1, end < 0 ? undefined : end)
  return key === "" ? undefined : { key, path: end < 0 ? "/" : path.slice(end) }
}

const noQuery = {}

const decoded = (path: string): string | undefined => {
  if (!path.includes("%")) return path
  try {
    return decodeURIComponent(path)
  } catch {
    return undefined
  }
}

const hasControl = (text: string): boolean => {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code < 0x20 || code === 0x7f) return true
  }
  return false
}
