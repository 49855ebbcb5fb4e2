import { TemplateError } from "./values.ts"

export type Token =
  | { readonly type: "text"; readonly value: string }
  | { readonly type: "begin" | "end"; readonly value: "variable" | "block" }
  | { readonly type: "name" | "operator" | "string" | "integer" | "float"; readonly value: string }

/** Cuts a template into text and tokens (Jinja 3.1 syntax; one newline at the end of the template is dropped). */
export const tokenize = (template: string): ReadonlyArray<Token> => {
  const source = template.replaceAll("\r\n", "\n").replace(/\n$/, "")
  const tokens: Array<Token> = []
  let position = 0
  let trimNext = false
  const text = (value: string, trimEnd: boolean) => {
    const left = trimNext ? value.trimStart() : value
    const kept = trimEnd ? left.trimEnd() : left
    trimNext = false
    if (kept !== "") tokens.push({ type: "text", value: kept })
  }
  while (position < source.length) {
    const start = nextMark(source, position)
    if (start === -1) {
      text(source.slice(position), false)
      break
    }
    const kind = source[start + 1]
    const sign = source[start + 2]
    const signed = sign === "-" || sign === "+"
    text(source.slice(position, start), sign === "-")
    let inside = start + (signed ? 3 : 2)
    if (kind === "#") {
      const end = source.indexOf("#}", inside)
      if (end === -1) throw new TemplateError("a comment does not end")
      trimNext = source[end - 1] === "-"
      position = end + 2
      continue
    }
    const raw = kind === "%" ? rawBlock(source, inside) : undefined
    if (raw !== undefined) {
      trimNext = raw.trimStart
      text(raw.value, raw.trimEnd)
      trimNext = raw.trimNext
      position = raw.end
      continue
    }
    const value = kind === "%" ? "block" : "variable"
    tokens.push({ type: "begin", value })
    const close = kind === "%" ? "%}" : "}}"
    let depth = 0
    for (;;) {
      whitespace.lastIndex = inside
      inside += whitespace.exec(source)?.[0].length ?? 0
      if (inside >= source.length) throw new TemplateError(`a tag does not end with ${close}`)
      const minus = source[inside] === "-" || source[inside] === "+"
      if (depth === 0 && source.startsWith(close, inside)) {
        position = inside + 2
        break
      }
      if (depth === 0 && minus && source.startsWith(close, inside + 1)) {
        trimNext = source[inside] === "-"
        position = inside + 3
        break
      }
      const token = nextToken(source, inside)
      if ("([{".includes(token.value) && token.type === "operator") depth++
      if (")]}".includes(token.value) && token.type === "operator") depth--
      inside = token.end
      tokens.push({ type: token.type, value: token.value })
    }
    tokens.push({ type: "end", value })
  }
  return tokens
}

const nextMark = (source: string, from: number): number => {
  mark.lastIndex = from
  return mark.exec(source)?.index ?? -1
}

const mark = /\{[{%#]/g
const whitespace = /\s*/y
const name = /[\p{L}_][\p{L}\p{N}_]*/uy
const float = /\d[\d_]*(?:\.\d[\d_]*(?:[eE][+-]?\d+)?|[eE][+-]?\d+)/y
const integer = /0[xX][\da-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|\d[\d_]*/y
const string = /'(?:[^'\\]|\\[\s\S])*'|"(?:[^"\\]|\\[\s\S])*"/y
const operator = /\*\*|\/\/|==|!=|<=|>=|[-+*/%~|.,:;()[\]{}<>=]/y

const nextToken = (source: string, at: number) => {
  const read = (pattern: RegExp) => {
    pattern.lastIndex = at
    return pattern.exec(source)?.[0]
  }
  const found = (type: "name" | "operator" | "string" | "integer" | "float", value: string) => ({
    type,
    value: type === "string" ? unescape(value.slice(1, -1)) : value,
    end: at + value.length
  })
  const kinds = [
    ["name", name],
    ["float", float],
    ["integer", integer],
    ["string", string],
    ["operator", operator]
  ] as const
  for (const [type, pattern] of kinds) {
    const value = read(pattern)
    if (value !== undefined) return found(type, value)
  }
  throw new TemplateError(`unexpected ${JSON.stringify(source[at])}`)
}

const escapes: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", b: "\b", f: "\f", "\n": "" }

const unescape = (text: string): string =>
  text.replace(/\\(x[\da-fA-F]{2}|u[\da-fA-F]{4}|[\s\S])/g, (whole, code: string) => {
    if (code.length > 1) return String.fromCharCode(Number.parseInt(code.slice(1), 16))
    return escapes[code] ?? (`\\'"`.includes(code) ? code : whole)
  })

const rawStart = /\s*raw\s*([-+]?)%\}/y
const rawEnd = /\{%([-+]?)\s*endraw\s*([-+]?)%\}/g

const rawBlock = (source: string, at: number) => {
  rawStart.lastIndex = at
  const start = rawStart.exec(source)
  if (start === null) return undefined
  const from = at + start[0].length
  rawEnd.lastIndex = from
  const end = rawEnd.exec(source)
  if (end === null) throw new TemplateError("a raw block does not end")
  return {
    value: source.slice(from, end.index),
    trimStart: start[1] === "-",
    trimEnd: end[1] === "-",
    trimNext: end[2] === "-",
    end: end.index + end[0].length
  }
}
