import { contains } from "./operators.ts"
import {
  Callable,
  compare,
  equal,
  isDict,
  isList,
  isMissing,
  Namespace,
  numeric,
  TemplateError,
  toText,
  Tuple,
  type Value
} from "./values.ts"

type Predicate = (value: Value, args: ReadonlyArray<Value>) => boolean

const isPlainNumber = (value: Value): boolean => typeof value === "bigint" || typeof value === "number"

const remainder = (value: Value, by: Value): bigint | number => {
  if (typeof value === "bigint" && typeof by === "bigint") {
    if (by === 0n) throw new TemplateError("division by zero")
    return value % by
  }
  if (typeof value === "number" || typeof value === "boolean")
    return Number(numeric(value)) % Number(toText(by))
  throw new TemplateError("expected a number")
}

const equals: Predicate = (value, [other]) => equal(value, other)
const differs: Predicate = (value, [other]) => !equal(value, other)
const less: Predicate = (value, [other]) => compare(value, other) < 0
const atMost: Predicate = (value, [other]) => compare(value, other) <= 0
const greater: Predicate = (value, [other]) => compare(value, other) > 0
const atLeast: Predicate = (value, [other]) => compare(value, other) >= 0

/** What may stand after `is` (contracts/webhooks.md 7.5, tests). */
export const predicates: ReadonlyMap<string, Predicate> = new Map<string, Predicate>([
  ["boolean", (value) => typeof value === "boolean"],
  ["callable", (value) => value instanceof Callable],
  ["defined", (value) => !isMissing(value)],
  ["undefined", isMissing],
  ["divisibleby", (value, [by]) => Number(remainder(value, by)) === 0],
  ["eq", equals],
  ["equalto", equals],
  ["==", equals],
  ["ne", differs],
  ["!=", differs],
  ["lt", less],
  ["lessthan", less],
  ["<", less],
  ["le", atMost],
  ["<=", atMost],
  ["gt", greater],
  ["greaterthan", greater],
  [">", greater],
  ["ge", atLeast],
  [">=", atLeast],
  ["even", (value) => Number(remainder(value, 2n)) === 0],
  ["odd", (value) => Number(remainder(value, 2n)) !== 0],
  ["in", (value, [container]) => contains(container, value)],
  ["integer", (value) => typeof value === "bigint"],
  ["float", (value) => typeof value === "number"],
  ["number", (value) => isPlainNumber(value) || typeof value === "boolean"],
  [
    "iterable",
    (value) =>
      typeof value === "string" ||
      isList(value) ||
      isDict(value) ||
      value instanceof Tuple ||
      isMissing(value)
  ],
  [
    "lower",
    (value) => toText(value) !== toText(value).toUpperCase() && toText(value) === toText(value).toLowerCase()
  ],
  [
    "upper",
    (value) => toText(value) !== toText(value).toLowerCase() && toText(value) === toText(value).toUpperCase()
  ],
  ["mapping", isDict],
  ["none", (value) => value === null],
  ["sameas", (value, [other]) => value === other],
  [
    "sequence",
    (value) =>
      typeof value === "string" ||
      isList(value) ||
      isDict(value) ||
      value instanceof Tuple ||
      isMissing(value)
  ],
  ["string", (value) => typeof value === "string"],
  ["true", (value) => value === true],
  ["false", (value) => value === false],
  ["escaped", () => false],
  ["namespace", (value) => value instanceof Namespace]
])
