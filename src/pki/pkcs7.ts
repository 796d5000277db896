/** The certificates in PKCS#7 (CMS SignedData, RFC 5652). Loads the X.509 library: import it where it is used. */
import * as x509 from './x509.ts'

/** @returns each in DER, in the file's order @throws Error if it isn't SignedData */
export function certificatesInPkcs7(der: Uint8Array): readonly Uint8Array[] {
  return [...new x509.X509Certificates(new Uint8Array(der))].map(({ rawData }) => new Uint8Array(rawData))
}
