/** `@peculiar/x509` with the Reflect polyfill that it needs first. Slow to load (about 80 ms): import it where it is used. */
import 'reflect-metadata'

export * from '@peculiar/x509'
