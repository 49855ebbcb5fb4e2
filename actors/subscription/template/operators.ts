import { methodOf } from "./methods.ts"
import { formatPercent } from "./percent.ts"
import {
  equal,
  Group,
  isDict,
  isList,
  isMissing,
  isNumber,
  itemsOf,
  Missing,
  Namespace,
  numeric,
  sizeLimit,
  TemplateError,
  tooBig,
  toText,
  Tuple,
  typeName,
  unsafe,
  type Value,
  wholeOf
} from "./values.ts"

/** `a.b` looks for a method first and then for an item, `a['b']` the other way round (Jinja 3.1). */
export const lookUp = (owner: Value, key: Value, how: "attribute" | "item"): Value => {
  if (owner instanceof Missing && owner.forbidden) throw unsafe(owner)
  if (isMissing(owner)) throw new TemplateError(`${owner?.what ?? "that"} is undefined`)
  const asAttribute = () => (typeof key === "string" ? attribute(owner, key) : undefined)
  const looks =
    how === "attribute" ? [asAttribute, () => item(owner, key)] : [() => item(owner, key), asAttribute]
  for (const look of looks) {
    const found = look()
    if (found !== undefined) return found
  }
  return absent(owner, key)
}

const absent = (owner: Value, key: Value): Missing => {
  const name = `'${toText(key)}' of ${typeName(owner)}`
  return new Missing(name, typeof key === "string" && key.startsWith("_"))
}

const attribute = (owner: Value, name: string): Value => {
  if (name.startsWith("_")) return undefined
  if (owner instanceof Namespace) return owner.attributes.get(name)
  if (owner instanceof Group && name === "grouper") return owner.items[0]
  if (owner instanceof Group && name === "list") return owner.items[1]
  return methodOf(owner, name)
}

const item = (owner: Value, key: Value): Value => {
  if (isDict(owner)) return owner.get(key)
  const items = typeof owner === "string" ? [...owner] : owner instanceof Tuple ? owner.items : owner
  if (!isList(items) || (typeof key !== "bigint" && typeof key !== "boolean")) return undefined
  return items.at(Number(key))
}

/** `a[from:to:step]` as Python has it. */
export const slice = (owner: Value, from: Value, to: Value, step: Value): Value => {
  if (isMissing(owner)) throw new TemplateError(`${owner?.what ?? "that"} is undefined`)
  const items =
    typeof owner === "string"
      ? [...owner]
      : isList(owner) || owner instanceof Tuple
        ? itemsOf(owner)
        : undefined
  if (items === undefined) throw new TemplateError(`${typeName(owner)} cannot be sliced`)
  const stride = wholeOf(step, 1)
  if (stride === 0) throw new TemplateError("slice step cannot be zero")
  const { length } = items
  const bound = (value: Value, otherwise: number) => {
    if (value === null || value === undefined) return otherwise
    const at = wholeOf(value)
    const positive = at < 0 ? at + length : at
    return stride > 0 ? Math.min(Math.max(positive, 0), length) : Math.min(Math.max(positive, -1), length - 1)
  }
  const start = bound(from, stride > 0 ? 0 : length - 1)
  const end = bound(to, stride > 0 ? length : -1)
  const taken: Array<Value> = []
  for (let at = start; stride > 0 ? at < end : at > end; at += stride) taken.push(items[at])
  if (typeof owner === "string") return taken.map(toText).join("")
  return owner instanceof Tuple ? new Tuple(taken) : taken
}

/** Python's `in`. */
export const contains = (container: Value, value: Value): boolean => {
  if (typeof container === "string") {
    if (typeof value !== "string") throw new TemplateError(`'in <string>' requires a string`)
    return container.includes(value)
  }
  if (isDict(container)) return container.has(value)
  return itemsOf(container).some((one) => equal(one, value))
}

/** `+ - * / // % ** ~` with Python's meaning. */
export const arithmetic = (operator: string, left: Value, right: Value): Value => {
  if (operator === "~") return bounded(toText(left) + toText(right))
  for (const side of [left, right]) {
    if (side instanceof Missing && side.forbidden) throw unsafe(side)
    if (isMissing(side)) throw new TemplateError(`${side?.what ?? "that"} is undefined`)
  }
  if (isNumber(left) && isNumber(right)) return calculate(operator, numeric(left), numeric(right))
  if (operator === "%" && typeof left === "string") return bounded(formatPercent(left, right))
  if (operator === "+") {
    if (typeof left === "string" && typeof right === "string") return bounded(left + right)
    if (isList(left) && isList(right)) return boundedList([...left, ...right])
    if (left instanceof Tuple && right instanceof Tuple) return new Tuple([...left.items, ...right.items])
  }
  if (operator === "*") {
    const [value, times] = isNumber(left) ? [right, left] : [left, right]
    if (isNumber(times) && typeof times !== "number") return repeat(value, wholeOf(times))
  }
  throw new TemplateError(`cannot ${operator} ${typeName(left)} and ${typeName(right)}`)
}

const repeat = (value: Value, times: number): Value => {
  const count = Math.max(0, times)
  if (typeof value === "string") {
    if (value.length * count > sizeLimit) throw tooBig()
    return value.repeat(count)
  }
  if (isList(value)) {
    if (value.length * count > 100_000) throw tooBig()
    return Array.from({ length: count }, () => value).flat()
  }
  throw new TemplateError(`cannot repeat ${typeName(value)}`)
}

const bounded = (text: string): string => {
  if (text.length > sizeLimit) throw tooBig()
  return text
}

const boundedList = (items: ReadonlyArray<Value>): ReadonlyArray<Value> => {
  if (items.length > 100_000) throw tooBig()
  return items
}

const calculate = (operator: string, left: bigint | number, right: bigint | number): Value => {
  if (["/", "//", "%"].includes(operator) && Number(right) === 0) throw new TemplateError("division by zero")
  if (typeof left === "bigint" && typeof right === "bigint") {
    const result = calculateWhole(operator, left, right)
    if (result !== undefined) return result
  }
  return calculateFloat(operator, Number(left), Number(right))
}

const calculateWhole = (operator: string, left: bigint, right: bigint): bigint | undefined => {
  switch (operator) {
    case "+":
      return left + right
    case "-":
      return left - right
    case "*":
      if (bits(left) + bits(right) > 65_536) throw new TemplateError("the number is too large")
      return left * right
    case "//":
      return floorDivide(left, right)
    case "%":
      return left - floorDivide(left, right) * right
    case "**":
      if (right < 0n) return undefined
      if (bits(left) * Number(right) > 65_536) throw new TemplateError("the number is too large")
      return left ** right
    default:
      return undefined
  }
}

const bits = (value: bigint): number => value.toString(16).length * 4

const floorDivide = (left: bigint, right: bigint): bigint => {
  const quotient = left / right
  return left % right !== 0n && left < 0n !== right < 0n ? quotient - 1n : quotient
}

const calculateFloat = (operator: string, left: number, right: number): number => {
  switch (operator) {
    case "+":
      return left + right
    case "-":
      return left - right
    case "*":
      return left * right
    case "/":
      return left / right
    case "//":
      return Math.floor(left / right)
    case "%":
      return left - Math.floor(left / right) * right
    case "**":
      return left ** right
    default:
      throw new TemplateError(`unknown operator ${operator}`)
  }
}
