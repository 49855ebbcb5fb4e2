import { DOMParser, XMLSerializer } from "@xmldom/xmldom"

/** What an identity provider says of itself (SAML 2.0 Metadata 2.4.3). */
export interface IdentityProviderMetadata {
  readonly entityId: string
  /** Where browsers are sent to log in (HTTP-Redirect binding). */
  readonly ssoUrl: string
  /** Where they are sent to log out; undefined when the provider offers no logout. */
  readonly logoutUrl: string | undefined
  /** The certificates it signs with, base64 of DER. */
  readonly certificates: ReadonlyArray<string>
}

/** The document written anew; undefined when it is no well-formed XML, or has a document type. */
export const normaliseXml = (text: string): string | undefined => {
  const document = parse(text)
  return document && new XMLSerializer().serializeToString(document)
}

/** Undefined when this is not the metadata of a provider that browsers can be sent to and whose answers are signed. */
export const readMetadata = (text: string): IdentityProviderMetadata | undefined => {
  const root = parse(text)?.documentElement
  if (!root) return undefined
  const entity = root.localName === "EntityDescriptor" ? root : elements(root, "EntityDescriptor")[0]
  const provider = entity && elements(entity, "IDPSSODescriptor")[0]
  const entityId = entity?.getAttribute("entityID") ?? ""
  const ssoUrl = provider && redirectLocation(provider, "SingleSignOnService")
  const certificates = provider ? signingCertificates(provider) : []
  if (!provider || entityId === "" || ssoUrl === undefined || certificates.length === 0) return undefined
  return { entityId, ssoUrl, logoutUrl: redirectLocation(provider, "SingleLogoutService"), certificates }
}

const parse = (text: string): Document | undefined => {
  const refuse = (message: string) => {
    throw new Error(message)
  }
  try {
    const parser = new DOMParser({ errorHandler: { warning: refuse, error: refuse, fatalError: refuse } })
    const document = parser.parseFromString(text.replace(/^\uFEFF/, "").trim(), "text/xml")
    if (!document?.documentElement || document.doctype) return undefined
    // XML knows no such character, written or escaped, and PostgreSQL could not store it.
    return new XMLSerializer().serializeToString(document).includes("\0") ? undefined : document
  } catch {
    return undefined
  }
}

const elements = (parent: Element, name: string): ReadonlyArray<Element> =>
  Array.from(parent.getElementsByTagNameNS("*", name))

const redirectBinding = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"

const redirectLocation = (provider: Element, service: string): string | undefined => {
  const endpoint = elements(provider, service).find(
    (element) => element.getAttribute("Binding") === redirectBinding
  )
  const location = endpoint?.getAttribute("Location") ?? ""
  return URL.canParse(location) && /^https?:/i.test(location) ? location : undefined
}

/** Keys that are for encryption alone do not sign. */
const signingCertificates = (provider: Element): ReadonlyArray<string> =>
  elements(provider, "KeyDescriptor")
    .filter((descriptor) => descriptor.getAttribute("use") !== "encryption")
    .flatMap((descriptor) => elements(descriptor, "X509Certificate"))
    .map((element) => (element.textContent ?? "").replace(/\s+/g, ""))
    .filter((certificate) => certificate !== "")
