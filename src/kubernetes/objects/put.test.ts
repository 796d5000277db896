import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Answer, type TestServer, json, no, routes, testServer } from '../testing.ts'
import { putObject } from './put.ts'
import { OPERATORS_BINDING } from './rbac.ts'

const PATH = '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/quorate%3Aoperators'

let server: TestServer
beforeAll(async () => {
  server = await testServer(json({}))
})
afterAll(async () => await server[Symbol.asyncDispose]())
beforeEach(() => void server.sent.splice(0))

/** One answer after the other; then the last one forever. */
function inTurn(...answers: readonly Answer[]): Answer {
  let turn = 0
  return (sent, response) => answers[Math.min(turn++, answers.length - 1)]?.(sent, response)
}

const asked = () => server.sent.map(({ method }) => method)

test('an object is applied, whichever manager has its fields', async () => {
  server.answer(json({}))
  await putObject(server.client(), OPERATORS_BINDING)
  expect(server.sent.map(({ url }) => url)).toEqual([`${PATH}?fieldManager=quorate&force=true`])
})

test("a binding to another role is created again, because it can't be changed", async () => {
  server.answer(
    routes({
      [`PATCH ${PATH}`]: inTurn(no(422, 'Invalid', 'cannot change roleRef'), json({})),
      [`DELETE ${PATH}`]: json({}),
    }),
  )
  await putObject(server.client(), OPERATORS_BINDING)
  expect(asked()).toEqual(['PATCH', 'DELETE', 'PATCH'])
})

test('any other object that is invalid, and any other refusal, is an error and leaves it alone', async () => {
  server.answer(no(422, 'Invalid', 'x'))
  const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', namespace: 'b' } } as const
  await expect(putObject(server.client(), map)).rejects.toThrow(/422 Invalid/)
  server.answer(no(403, 'Forbidden', 'x'))
  await expect(putObject(server.client(), OPERATORS_BINDING)).rejects.toThrow(/403 Forbidden/)
  expect(asked()).toEqual(['PATCH', 'PATCH'])
})
