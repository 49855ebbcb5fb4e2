import { arithmetic, contains, lookUp, slice } from "./operators.ts"
import { filters } from "./filters.ts"
import { globals } from "./globals.ts"
import { type Argument, type Body, type Expression, type Parameter, parse, type Statement } from "./parser.ts"
import { predicates } from "./predicates.ts"
import {
  Callable,
  compare,
  equal,
  fromJson,
  isDict,
  isMissing,
  isTrue,
  itemsOf,
  Missing,
  type Named,
  Namespace,
  sizeLimit,
  TemplateError,
  tooBig,
  toText,
  Tuple,
  typeName,
  unsafe,
  type Value
} from "./values.ts"

/**
 * Renders a Jinja template in its sandbox (contracts/webhooks.md 7.5). Throws `TemplateError` for every mistake, and
 * when it takes more than 100,000 steps, 50 ms or 1 MiB of output.
 */
export const renderTemplate = (template: string, variables: Readonly<Record<string, unknown>>): string => {
  if (!/\{[{%#]/.test(template)) return template.replaceAll("\r\n", "\n").replace(/\n$/, "")
  try {
    const scope = new Scope(undefined)
    for (const [name, value] of Object.entries(variables)) scope.set(name, fromJson(value))
    return new Renderer().body(parse(template), scope)
  } catch (error) {
    if (error instanceof TemplateError) throw error
    if (error instanceof RangeError) throw new TemplateError("the template is too large or nests too deep")
    throw error
  }
}

const stepLimit = 100_000
const millisLimit = 50

class Scope {
  readonly #names = new Map<string, Value>()
  readonly #outer: Scope | undefined

  constructor(outer: Scope | undefined) {
    this.#outer = outer
  }

  get(name: string): Value {
    if (this.#names.has(name)) return this.#names.get(name)
    return this.#outer === undefined ? (globals.get(name) ?? new Missing(`'${name}'`)) : this.#outer.get(name)
  }

  set(name: string, value: Value): void {
    this.#names.set(name, value)
  }
}

class Renderer {
  #steps = 0
  #written = 0
  readonly #deadline = performance.now() + millisLimit

  body(body: Body, scope: Scope): string {
    const parts: Array<string> = []
    for (const statement of body) {
      this.#step()
      const text = this.#statement(statement, scope)
      this.#written += text.length
      if (text.length > sizeLimit || this.#written > 8 * sizeLimit) throw tooBig()
      if (text !== "") parts.push(text)
    }
    const whole = parts.join("")
    if (whole.length > sizeLimit) throw tooBig()
    return whole
  }

  #step(count = 1): void {
    this.#steps += count
    if (this.#steps > stepLimit) throw new TemplateError("the template takes too many steps")
    if ((this.#steps & 63) === 0 && performance.now() > this.#deadline) {
      throw new TemplateError("the template takes too long")
    }
  }

  #statement(statement: Statement, scope: Scope): string {
    switch (statement.type) {
      case "text":
        return statement.value
      case "output":
        return toText(this.#value(statement.value, scope))
      case "if": {
        const branch = statement.branches.find(
          ({ when }) => when === null || isTrue(this.#value(when, scope))
        )
        return branch === undefined ? "" : this.body(branch.body, scope)
      }
      case "for":
        return this.#for(statement, scope)
      case "set":
        this.#assign(statement.target, this.#value(statement.value, scope), scope)
        return ""
      case "set block": {
        const text = this.body(statement.body, new Scope(scope))
        const value = statement.filter === null ? text : this.#filtered(statement.filter, text, scope)
        this.#assign(statement.target, value, scope)
        return ""
      }
      case "with": {
        const inner = new Scope(scope)
        for (const [target, value] of statement.values) this.#assign(target, this.#value(value, scope), inner)
        return this.body(statement.body, inner)
      }
      case "filter block":
        return toText(this.#filtered(statement.filter, this.body(statement.body, new Scope(scope)), scope))
      case "macro":
        scope.set(statement.name, this.#macro(statement.name, statement.parameters, statement.body, scope))
        return ""
      case "call block":
        return this.#callBlock(statement, scope)
    }
  }

  #for(statement: Statement & { readonly type: "for" }, scope: Scope): string {
    return this.#loop(statement, this.#value(statement.over, scope), scope, 0)
  }

  #loop(statement: Statement & { readonly type: "for" }, over: Value, scope: Scope, depth: number): string {
    const { target, when, body, otherwise } = statement
    const all = itemsOf(over)
    this.#step(all.length)
    const items =
      when === null
        ? all
        : all.filter((item) => {
            const inner = new Scope(scope)
            this.#assign(target, item, inner)
            return isTrue(this.#value(when, inner))
          })
    if (items.length === 0) return this.body(otherwise, scope)
    const parts: Array<string> = []
    let changed: Value = new Missing("nothing")
    for (const [index, item] of items.entries()) {
      const inner = new Scope(scope)
      this.#assign(target, item, inner)
      const loop = loopOf(items, index, depth)
      loop.attributes.set(
        "changed",
        new Callable("changed", (args) => {
          const value = new Tuple(args)
          const differs = !equal(changed, value)
          changed = value
          return differs
        })
      )
      const again = new Callable("loop", ([more]) => this.#loop(statement, more, scope, depth + 1))
      inner.set("loop", statement.recursive ? new CallableNamespace(loop, again) : loop)
      parts.push(this.body(body, inner))
      this.#step()
    }
    return parts.join("")
  }

  #macro(name: string, parameters: ReadonlyArray<Parameter>, body: Body, scope: Scope): Callable {
    return new Callable(name, (args, named) => {
      this.#step()
      const inner = new Scope(scope)
      for (const [index, parameter] of parameters.entries()) {
        const given = index < args.length ? args[index] : named.get(parameter.name)
        const value =
          given !== undefined
            ? given
            : parameter.otherwise === null
              ? new Missing(`parameter '${parameter.name}'`)
              : this.#value(parameter.otherwise, inner)
        inner.set(parameter.name, value)
      }
      inner.set("varargs", new Tuple(args.slice(parameters.length)))
      const others = [...named].filter(([key]) => !parameters.some((parameter) => parameter.name === key))
      inner.set("kwargs", new Map(others.filter(([key]) => key !== "caller")))
      const caller = named.get("caller")
      if (caller !== undefined) inner.set("caller", caller)
      return this.body(body, inner)
    })
  }

  #callBlock(statement: Statement & { readonly type: "call block" }, scope: Scope): string {
    const caller = this.#macro("caller", statement.parameters, statement.body, scope)
    const { call } = statement
    if (call.type !== "call") throw new TemplateError("expected a call")
    const { args, named } = this.#arguments(call.args, scope)
    return toText(this.#call(this.#value(call.of, scope), args, new Map([...named, ["caller", caller]])))
  }

  #assign(target: Expression, value: Value, scope: Scope): void {
    if (target.type === "name") scope.set(target.name, value)
    else if (target.type === "attribute") {
      const owner = this.#value(target.of, scope)
      if (!(owner instanceof Namespace) || owner.title !== "namespace") {
        throw new TemplateError("only a namespace takes attributes")
      }
      owner.attributes.set(target.name, value)
    } else if (target.type === "tuple") {
      const items = itemsOf(value)
      if (items.length !== target.items.length) {
        throw new TemplateError(`expected ${target.items.length} values to unpack, got ${items.length}`)
      }
      for (const [index, inner] of target.items.entries()) this.#assign(inner, items[index], scope)
    } else throw new TemplateError("cannot assign to that")
  }

  #value(expression: Expression, scope: Scope): Value {
    this.#step()
    switch (expression.type) {
      case "literal":
        return expression.value
      case "name":
        return scope.get(expression.name)
      case "list":
        return expression.items.map((item) => this.#value(item, scope))
      case "tuple":
        return new Tuple(expression.items.map((item) => this.#value(item, scope)))
      case "dict":
        return new Map(
          expression.items.map(([key, item]) => [keyOf(this.#value(key, scope)), this.#value(item, scope)])
        )
      case "attribute":
        return lookUp(this.#value(expression.of, scope), expression.name, "attribute")
      case "item":
        return lookUp(this.#value(expression.of, scope), this.#value(expression.key, scope), "item")
      case "slice": {
        const [from, to, step] = expression.bounds.map((bound) =>
          bound === null ? null : this.#value(bound, scope)
        )
        return slice(this.#value(expression.of, scope), from, to, step)
      }
      case "call": {
        const { args, named } = this.#arguments(expression.args, scope)
        return this.#call(this.#value(expression.of, scope), args, named)
      }
      case "filter":
        return this.#filtered(expression, undefined, scope)
      case "test":
        return this.#predicate(expression, scope)
      case "unary": {
        const value = this.#value(expression.of, scope)
        return expression.operator === "not" ? !isTrue(value) : arithmetic(expression.operator, 0n, value)
      }
      case "binary":
        return this.#binary(expression.operator, expression.left, expression.right, scope)
      case "comparison":
        return this.#comparison(expression.first, expression.rest, scope)
      case "choice":
        if (isTrue(this.#value(expression.when, scope))) return this.#value(expression.then, scope)
        return expression.otherwise === null
          ? new Missing("the value of an if without else")
          : this.#value(expression.otherwise, scope)
    }
  }

  #binary(operator: string, left: Expression, right: Expression, scope: Scope): Value {
    const first = this.#value(left, scope)
    if (operator === "and") return isTrue(first) ? this.#value(right, scope) : first
    if (operator === "or") return isTrue(first) ? first : this.#value(right, scope)
    return arithmetic(operator, first, this.#value(right, scope))
  }

  #comparison(
    first: Expression,
    rest: ReadonlyArray<readonly [operator: string, Expression]>,
    scope: Scope
  ): boolean {
    let left = this.#value(first, scope)
    for (const [operator, expression] of rest) {
      const right = this.#value(expression, scope)
      if (!holds(operator, left, right)) return false
      left = right
    }
    return true
  }

  #filtered(expression: Expression, input: Value, scope: Scope): Value {
    if (expression.type !== "filter") return this.#value(expression, scope)
    const { of, name } = expression
    const value =
      of === null ? input : of.type === "filter" ? this.#filtered(of, input, scope) : this.#value(of, scope)
    const { args, named } = this.#arguments(expression.args, scope)
    return this.#filter(name, value, args, named)
  }

  #filter(name: string, value: Value, args: ReadonlyArray<Value>, named: Named): Value {
    const filter = filters.get(name)
    if (filter === undefined) throw new TemplateError(`no filter named ${name}`)
    if (Array.isArray(value)) this.#step(Math.ceil(value.length / 8))
    return filter(value, args, named, {
      filter: (inner, item, rest) => this.#filter(inner, item, rest, new Map()),
      test: (inner, item, rest) => this.#holds(inner, item, rest)
    })
  }

  #predicate(expression: Expression & { readonly type: "test" }, scope: Scope): boolean {
    const { args } = this.#arguments(expression.args, scope)
    return this.#holds(expression.name, this.#value(expression.of, scope), args) !== expression.negated
  }

  #holds(name: string, value: Value, args: ReadonlyArray<Value>): boolean {
    this.#step()
    const predicate = predicates.get(name)
    if (predicate === undefined) throw new TemplateError(`no test named ${name}`)
    return predicate(value, args)
  }

  #arguments(given: ReadonlyArray<Argument>, scope: Scope) {
    const args: Array<Value> = []
    const named = new Map<string, Value>()
    for (const { name, spread, value: expression } of given) {
      const value = this.#value(expression, scope)
      if (spread === "*") args.push(...itemsOf(value))
      else if (spread === "**") {
        if (!isDict(value)) throw new TemplateError(`${typeName(value)} is not a mapping`)
        for (const [key, item] of value) named.set(toText(key), item)
      } else if (name === undefined) args.push(value)
      else named.set(name, value)
    }
    return { args, named }
  }

  #call(callee: Value, args: ReadonlyArray<Value>, named: Named): Value {
    this.#step()
    if (callee instanceof Missing && callee.forbidden) throw unsafe(callee)
    if (isMissing(callee)) throw new TemplateError(`${callee?.what ?? "that"} is undefined`)
    if (callee instanceof CallableNamespace) return callee.again.call(args, named)
    if (!(callee instanceof Callable)) throw new TemplateError(`${typeName(callee)} cannot be called`)
    return callee.call(args, named)
  }
}

/** `loop` of a recursive for: an object that can be called. */
class CallableNamespace extends Namespace {
  readonly again: Callable
  constructor(loop: Namespace, again: Callable) {
    super(loop.title, loop.attributes)
    this.again = again
  }
}

const holds = (operator: string, left: Value, right: Value): boolean => {
  switch (operator) {
    case "==":
      return equal(left, right)
    case "!=":
      return !equal(left, right)
    case "in":
      return contains(right, left)
    case "not in":
      return !contains(right, left)
    case "<":
      return compare(left, right) < 0
    case "<=":
      return compare(left, right) <= 0
    case ">":
      return compare(left, right) > 0
    default:
      return compare(left, right) >= 0
  }
}

const keyOf = (value: Value): Value => {
  if (Array.isArray(value) || isDict(value)) throw new TemplateError(`unhashable type: ${typeName(value)}`)
  return value
}

const loopOf = (items: ReadonlyArray<Value>, index: number, depth: number): Namespace => {
  const { length } = items
  const absent = new Missing("there is no such item")
  return new Namespace(
    "loop",
    new Map<string, Value>([
      ["index", BigInt(index + 1)],
      ["index0", BigInt(index)],
      ["revindex", BigInt(length - index)],
      ["revindex0", BigInt(length - index - 1)],
      ["first", index === 0],
      ["last", index === length - 1],
      ["length", BigInt(length)],
      ["depth", BigInt(depth + 1)],
      ["depth0", BigInt(depth)],
      ["previtem", index === 0 ? absent : items[index - 1]],
      ["nextitem", index === length - 1 ? absent : items[index + 1]],
      ["cycle", new Callable("cycle", (args) => args[index % Math.max(1, args.length)])]
    ])
  )
}
