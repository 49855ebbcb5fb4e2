import { Schema, SchemaTransformation } from "effect"
import { HttpApiSchema } from "effect/http-api"

/**
 * provd's words for what it refuses: the body is the message alone, as plain text (contracts/provisioning.md 4.2).
 */
const words = { text: Schema.String }

/** 400: what was asked for makes no sense. */
export class Invalid extends Schema.Error<Invalid>("provd/Invalid")(words) {}
/** 401: there is no valid token. */
export class Unauthorized extends Schema.Error<Unauthorized>("provd/Unauthorized")(words) {}
/** 403: what is there must stay as it is. */
export class Forbidden extends Schema.Error<Forbidden>("provd/Forbidden")(words) {}
/** 404: there is no such resource, or the caller cannot see it. */
export class NoSuchResource extends Schema.Error<NoSuchResource>("provd/NoSuchResource")(words) {}
/** 406: no media type that the client takes. */
export class NotAcceptable extends Schema.Error<NotAcceptable>("provd/NotAcceptable")(words) {}
/** 500: an update that the contract refuses, which it documents as a server error. */
export class Failed extends Schema.Error<Failed>("provd/Failed")(words) {}

/** The content type of every error. */
export const plainText = "text/plain; charset=ascii"

/** What is no printable ASCII is a question mark. */
export const asciiOf = (text: string): string => text.replace(/[^\x20-\x7e]/g, "?").slice(0, longest)

const longest = 1_000

const asBody = SchemaTransformation.transform<{ readonly text: string }, string>({
  decode: (text) => ({ text }),
  encode: ({ text }) => asciiOf(text)
})
const Text = Schema.String
const text = HttpApiSchema.asText({ contentType: plainText })

/** The errors as they go over the wire. */
export const InvalidBody = text(Text.pipe(Schema.decodeTo(Invalid, asBody))).annotate({ httpApiStatus: 400 })
export const UnauthorizedBody = text(Text.pipe(Schema.decodeTo(Unauthorized, asBody))).annotate({
  httpApiStatus: 401
})
export const ForbiddenBody = text(Text.pipe(Schema.decodeTo(Forbidden, asBody))).annotate({
  httpApiStatus: 403
})
export const NoSuchResourceBody = text(Text.pipe(Schema.decodeTo(NoSuchResource, asBody))).annotate({
  httpApiStatus: 404
})
export const NotAcceptableBody = text(Text.pipe(Schema.decodeTo(NotAcceptable, asBody))).annotate({
  httpApiStatus: 406
})
export const FailedBody = text(Text.pipe(Schema.decodeTo(Failed, asBody))).annotate({ httpApiStatus: 500 })

/** `Invalid` with these words. */
export const invalid = (text: string) => new Invalid({ text })
/** `Failed` with these words. */
export const failed = (text: string) => new Failed({ text })
/** `NoSuchResource`, in the same words whatever is missing. */
export const noSuchResource = () => new NoSuchResource({ text: "No such resource" })
