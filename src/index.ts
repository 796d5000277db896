export { QuorateError } from './errors.ts'
