/** The file name of a certificate on its node: one for everything, or one for each purpose. */
export type CertificateName = 'etcd' | 'peer' | 'server'
