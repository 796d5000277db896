/** Steps for the services of other tiers, on the same nodes and in the same stages. */
import type { ServiceKind } from '../../../engine/service-kind.ts'
import { SERVICES, type ServiceStep, predictService } from '../../../engine/service-steps.ts'
import { type HostKind, type HostKinds, ofHost } from './kind.ts'

export const SERVICE: HostKinds<ServiceStep> = {
  'service-file': onMachine(SERVICES['service-file']),
  'service-load': onMachine(SERVICES['service-load']),
  'service-remove': onMachine(SERVICES['service-remove']),
  kernel: onMachine(SERVICES.kernel),
  program: onMachine(SERVICES.program),
  image: onMachine(SERVICES.image),
  'leaf-key': onMachine(SERVICES['leaf-key']),
  'leaf-certificate': onMachine(SERVICES['leaf-certificate']),
  'secret-file': onMachine(SERVICES['secret-file']),
  'node-remove': onMachine(SERVICES['node-remove']),
}

function onMachine<S extends ServiceStep>(kind: ServiceKind<S>): HostKind<S> {
  return {
    ...kind,
    operations: (step, { contents }) => kind.operations(step, contents?.(step) ?? {}),
    predict: ofHost(({ services }, step) => ({ services: predictService(services, step) })),
  }
}
