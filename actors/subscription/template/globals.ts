import { Callable, isDict, itemsOf, Namespace, TemplateError, Tuple, type Value, wholeOf } from "./values.ts"

/** Names that every template knows (contracts/webhooks.md 7.5, globals). */
export const globals: ReadonlyMap<string, Value> = new Map<string, Value>([
  ["range", new Callable("range", (args) => range(args))],
  [
    "dict",
    new Callable("dict", ([from], named) => {
      const pairs = from === undefined ? [] : isDict(from) ? [...from] : itemsOf(from).map(pairOf)
      return new Map<Value, Value>([...pairs, ...named])
    })
  ],
  [
    "namespace",
    new Callable("namespace", ([from], named) => {
      const given = from !== undefined && isDict(from) ? [...from] : []
      const attributes = new Map<string, Value>()
      for (const [key, value] of given) if (typeof key === "string") attributes.set(key, value)
      for (const [key, value] of named) attributes.set(key, value)
      return new Namespace("namespace", attributes)
    })
  ],
  ["cycler", new Callable("cycler", cycler)],
  [
    "joiner",
    new Callable("joiner", ([separator = ", "]) => {
      let used = false
      return new Callable("joiner", () => {
        const before = used
        used = true
        return before ? separator : ""
      })
    })
  ],
  [
    "lipsum",
    new Callable("lipsum", ([count]) =>
      Array.from({ length: Math.min(100, wholeOf(count, 5)) }, () => lipsum).join("\n\n")
    )
  ]
])

const lipsum =
  "Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor incididunt ut labore et dolore magna aliqua."

const pairOf = (pair: Value): readonly [Value, Value] => {
  const [key, value] = itemsOf(pair)
  return [key, value]
}

function cycler(items: ReadonlyArray<Value>): Value {
  if (items.length === 0) throw new TemplateError("a cycler needs items")
  let at = 0
  const attributes = new Map<string, Value>([["current", items[0]]])
  const show = () => void attributes.set("current", items[at])
  attributes.set(
    "next",
    new Callable("next", () => {
      const current = items[at]
      at = (at + 1) % items.length
      show()
      return current
    })
  )
  attributes.set(
    "reset",
    new Callable("reset", () => {
      at = 0
      show()
      return null
    })
  )
  return new Namespace("cycler", attributes)
}

const range = (args: ReadonlyArray<Value>): Value => {
  const [first, second, third] = args
  const from = second === undefined ? 0 : wholeOf(first)
  const to = second === undefined ? wholeOf(first) : wholeOf(second)
  const step = wholeOf(third, 1)
  if (step === 0) throw new TemplateError("range() step cannot be zero")
  const length = Math.max(0, Math.ceil((to - from) / step))
  if (length > 100_000) throw new TemplateError("range is too big; the sandbox allows 100000 items")
  return Array.from({ length }, (_, index) => BigInt(from + index * step))
}

/** Two values that belong together. */
export const pair = (key: Value, value: Value): Tuple => new Tuple([key, value])
