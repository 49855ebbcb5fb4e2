import { Schema, SchemaTransformation } from "effect"

/**
 * confd's words for what it refuses (contracts/callcenter.md 2): the body is a JSON array of sentences, each with
 * its category and the values it is about: `Resource Error - Agent already exists ('number': '1234')`.
 */
const messages = { messages: Schema.Array(Schema.String) }

export class BadRequest extends Schema.Error<BadRequest>("confd/BadRequest")(messages) {}
export class Unauthorized extends Schema.Error<Unauthorized>("confd/Unauthorized")(messages) {}
export class NotFound extends Schema.Error<NotFound>("confd/NotFound")(messages) {}

/** Every way a confd request can be refused by the domain. */
export type Refusal = BadRequest | NotFound

type Sentences = { readonly messages: ReadonlyArray<string> }

const sentences = SchemaTransformation.transform<Sentences, ReadonlyArray<string>>({
  decode: (list) => ({ messages: list }),
  encode: ({ messages }) => messages
})
const List = Schema.Array(Schema.String)

/** The errors as they go over the wire. */
export const BadRequestBody = List.pipe(Schema.decodeTo(BadRequest, sentences)).annotate({
  httpApiStatus: 400
})
export const UnauthorizedBody = List.pipe(Schema.decodeTo(Unauthorized, sentences)).annotate({
  httpApiStatus: 401
})
export const NotFoundBody = List.pipe(Schema.decodeTo(NotFound, sentences)).annotate({ httpApiStatus: 404 })

/** The values a sentence is about. Never a password or another secret. */
export type About = Readonly<Record<string, string | number | boolean | null | ReadonlyArray<number>>>

export const notFound = (resource: string, about: About) =>
  new NotFound({ messages: [sentence("Resource Not Found", `${resource} was not found`, about)] })

/** What is wrong with the fields of a request, one sentence a field; the empty name is the request itself. */
export const invalidInput = (fields: ReadonlyMap<string, ReadonlyArray<string>>) =>
  new BadRequest({
    messages: [...fields].map(
      ([field, problems]) =>
        `Input Error - ${field === "" ? "" : `${field}: `}[${problems.map(quoted).join(", ")}]`
    )
  })

export const invalidField = (field: string, problem: string) => invalidInput(new Map([[field, [problem]]]))

/** A field that names something which does not exist or cannot be seen. */
export const fieldNotFound = (field: string, resource: string, about: About) =>
  refused("Input Error", `field '${field}': ${resource} was not found`, about)

export const alreadyExists = (resource: string, about: About) =>
  refused("Resource Error", `${resource} already exists`, about)

export const associated = (resource: string, other: string, about: About) =>
  refused("Resource Error", `${resource} is associated with a ${other}`, about)

export const mustBeAssociated = (resource: string, other: string, about: About) =>
  refused("Resource Error", `${resource} must be associated with a ${other}`, about)

export const differentTenants = (about: About) => refused("Resource Error", "different tenants", about)

export const unhandledContextType = (type: string, about: About) =>
  refused("Resource Error", `ContextType '${type}' cannot be associated`, about)

export const outsideRange = (exten: string, context: string) =>
  refused("Input Error", `Extension '${exten}' is outside of range for context '${context}'`, {})

/** A refusal of the domain in a sentence of its own. */
export const resourceError = (error: string) => refused("Resource Error", error, {})

export const secondaryUsers = (lineId: number) =>
  refused("Resource Error", "There are secondary users associated to the line", { line_id: lineId })

const refused = (category: string, error: string, about: About) =>
  new BadRequest({ messages: [sentence(category, error, about)] })

const sentence = (category: string, error: string, about: About): string => {
  const values = Object.entries(about).map(([name, value]) => `'${name}': ${literal(value)}`)
  return `${category} - ${error}${values.length === 0 ? "" : ` (${values.join(", ")})`}`
}

const literal = (value: About[string]): string => {
  if (typeof value === "string") return quoted(value)
  if (typeof value === "boolean") return value ? "True" : "False"
  if (typeof value === "number") return String(value)
  return value === null ? "None" : `[${value.join(", ")}]`
}

const quoted = (value: string): string => `'${value.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`
