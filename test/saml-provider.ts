import { execFile } from "node:child_process"
import { createSign, createVerify, randomUUID } from "node:crypto"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { promisify } from "node:util"
import { deflateRawSync, inflateRawSync } from "node:zlib"
import { DOMParser } from "@xmldom/xmldom"
import { Effect, type Scope } from "effect"
import { SignedXml } from "xml-crypto"
import { temporaryFolder } from "./runtime.ts"

/** A key with its certificate. */
export interface KeyPair {
  readonly privateKey: string
  readonly certificate: string
  readonly keyFile: string
}

/** A new RSA key with a certificate of its own; the files go with the scope. */
export const newKeyPair: Effect.Effect<KeyPair, never, Scope.Scope> = Effect.gen(function* () {
  const folder = yield* temporaryFolder
  const [keyFile, certificateFile] = [join(folder, "key.pem"), join(folder, "cert.pem")]
  return yield* Effect.promise(async () => {
    const files = `-keyout ${keyFile} -out ${certificateFile}`
    await promisify(execFile)(
      "openssl",
      `req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=idp ${files}`.split(" ")
    )
    return {
      keyFile,
      privateKey: await readFile(keyFile, "utf8"),
      certificate: await readFile(certificateFile, "utf8")
    }
  })
})

/** What a request in a redirect says. */
export interface ReceivedRequest {
  readonly kind: string
  readonly id: string
  readonly issuer: string
  readonly relayState: string
  readonly address: string
  readonly isSignedBy: (keys: KeyPair) => boolean
}

export const providerEntity = "https://idp.example.com/metadata"
const ssoUrl = "https://idp.example.com/sso"
const logoutUrl = "https://idp.example.com/logout"

/** The metadata of the identity provider. */
export const metadataOf = ({ certificate }: KeyPair, options: { readonly logout?: boolean } = {}): string => {
  const encoded = certificate.replace(/-----[A-Z ]+-----|\s/g, "")
  const redirect = 'Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"'
  const logout = options.logout === false ? "" : `<SingleLogoutService ${redirect} Location="${logoutUrl}"/>`
  return `<?xml version="1.0"?>
<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="${providerEntity}">
  <IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    <KeyDescriptor use="signing">
      <KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#">
        <X509Data><X509Certificate>${encoded}</X509Certificate></X509Data>
      </KeyInfo>
    </KeyDescriptor>${logout}
    <SingleSignOnService ${redirect} Location="${ssoUrl}"/>
  </IDPSSODescriptor>
</EntityDescriptor>`
}

/** Reads the request that a browser brings. */
export const receive = (location: string): ReceivedRequest => {
  const url = new URL(location)
  const xml = inflateRawSync(Buffer.from(url.searchParams.get("SAMLRequest") ?? "", "base64")).toString()
  const root = new DOMParser().parseFromString(xml, "text/xml").documentElement
  return {
    kind: root.localName,
    id: root.getAttribute("ID") ?? "",
    issuer: root.getElementsByTagNameNS("*", "Issuer")[0]?.textContent ?? "",
    relayState: url.searchParams.get("RelayState") ?? "",
    address: url.origin + url.pathname,
    isSignedBy: ({ certificate }) => {
      const [signed = "", signature] = url.search.slice(1).split("&Signature=")
      return (
        signature !== undefined &&
        createVerify("RSA-SHA256").update(signed).verify(certificate, decodeURIComponent(signature), "base64")
      )
    }
  }
}

/** What an answer to a login says; everything but the first three as a good one does. */
export interface LoginAnswer {
  readonly inResponseTo: string | undefined
  readonly audience: string
  readonly login: string | undefined
  readonly attribute?: string
  readonly issuer?: string
  readonly status?: string
  /** Minutes from now. */
  readonly notBefore?: number
  readonly notOnOrAfter?: number
  readonly signs?: "Response" | "Assertion" | "nothing"
}

/** A response as the browser posts it. */
export const loginResponse = (keys: KeyPair, answer: LoginAnswer): string =>
  Buffer.from(loginResponseXml(keys, answer)).toString("base64")

/** The same before it is encoded. */
export const loginResponseXml = (keys: KeyPair, answer: LoginAnswer): string => {
  const at = (minutes: number) => new Date(Date.now() + minutes * 60_000).toISOString()
  const inResponseTo = answer.inResponseTo === undefined ? "" : `InResponseTo="${answer.inResponseTo}"`
  const issuer = `<saml:Issuer>${answer.issuer ?? providerEntity}</saml:Issuer>`
  const window = `NotOnOrAfter="${at(answer.notOnOrAfter ?? 5)}"`
  const name = answer.attribute ?? "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name"
  const attributes =
    answer.login === undefined
      ? ""
      : `<saml:AttributeStatement><saml:Attribute Name="${name}"><saml:AttributeValue>${answer.login}</saml:AttributeValue></saml:Attribute></saml:AttributeStatement>`
  const status = `urn:oasis:names:tc:SAML:2.0:status:${answer.status ?? "Success"}`
  const assertion = `<saml:Assertion ID="_${randomUUID()}" Version="2.0" IssueInstant="${at(0)}">${issuer}<saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">subject-1</saml:NameID><saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData ${inResponseTo} ${window}/></saml:SubjectConfirmation></saml:Subject><saml:Conditions NotBefore="${at(answer.notBefore ?? -5)}" ${window}><saml:AudienceRestriction><saml:Audience>${answer.audience}</saml:Audience></saml:AudienceRestriction></saml:Conditions><saml:AuthnStatement AuthnInstant="${at(0)}" SessionIndex="_index-1"/>${attributes}</saml:Assertion>`
  const xml = `<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_${randomUUID()}" Version="2.0" IssueInstant="${at(0)}" ${inResponseTo}>${issuer}<samlp:Status><samlp:StatusCode Value="${status}"/></samlp:Status>${answer.status === undefined ? assertion : ""}</samlp:Response>`
  const signs = answer.signs ?? "Response"
  return signs === "nothing" ? xml : sign(xml, keys, signs)
}

const sign = (xml: string, { privateKey }: KeyPair, element: string): string => {
  const signature = new SignedXml({
    privateKey,
    signatureAlgorithm: "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
    canonicalizationAlgorithm: "http://www.w3.org/2001/10/xml-exc-c14n#"
  })
  signature.addReference({
    xpath: `//*[local-name(.)='${element}']`,
    transforms: [
      "http://www.w3.org/2000/09/xmldsig#enveloped-signature",
      "http://www.w3.org/2001/10/xml-exc-c14n#"
    ],
    digestAlgorithm: "http://www.w3.org/2001/04/xmlenc#sha256"
  })
  signature.computeSignature(xml, {
    location: {
      reference: `//*[local-name(.)='${element}']/*[local-name(.)='Issuer']`,
      action: "after"
    }
  })
  return signature.getSignedXml()
}

/** The query of the redirect that ends a logout; signed when keys are given. */
export const logoutResponse = (
  answer: {
    readonly inResponseTo: string | undefined
    readonly relayState: string
    readonly status?: string
    readonly issuer?: string
  },
  keys?: KeyPair
): string => {
  const inResponseTo = answer.inResponseTo === undefined ? "" : `InResponseTo="${answer.inResponseTo}"`
  const status = `urn:oasis:names:tc:SAML:2.0:status:${answer.status ?? "Success"}`
  const xml = `<samlp:LogoutResponse xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_${randomUUID()}" Version="2.0" IssueInstant="${new Date().toISOString()}" ${inResponseTo}><saml:Issuer>${answer.issuer ?? providerEntity}</saml:Issuer><samlp:Status><samlp:StatusCode Value="${status}"/></samlp:Status></samlp:LogoutResponse>`
  const message = encodeURIComponent(deflateRawSync(xml).toString("base64"))
  const query = `SAMLResponse=${message}&RelayState=${encodeURIComponent(answer.relayState)}`
  if (keys === undefined) return query
  const algorithm = encodeURIComponent("http://www.w3.org/2001/04/xmldsig-more#rsa-sha256")
  const signed = `${query}&SigAlg=${algorithm}`
  const signature = createSign("RSA-SHA256").update(signed).sign(keys.privateKey, "base64")
  return `${signed}&Signature=${encodeURIComponent(signature)}`
}
