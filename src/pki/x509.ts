/**
 * `@peculiar/x509` with the Reflect polyfill, which must be loaded first. It takes about 80 ms to load: import it where
 * it is used.
 */
import 'reflect-metadata'

export * from '@peculiar/x509'
