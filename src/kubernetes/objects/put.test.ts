/** Objects and nodes' settings brought to an API that is slow to come, has other ideas, or changes meanwhile. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Answer, type TestServer, json, no, routes, testServer } from '../testing.ts'
import { putNodeSettings, putObjects } from './put.ts'
import { OPERATORS_BINDING } from './rbac.ts'

const PATH = '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/quorate%3Aoperators'
const NODE = '/api/v1/nodes/worker01'
const options = { signal: new AbortController().signal, patienceFactor: 0.02 }

/** The node as it is at that version. */
const at = (resourceVersion: string, labels = {}, annotations = {}) =>
  json({ metadata: { name: 'worker01', resourceVersion, labels, annotations } })

let server: TestServer
beforeAll(async () => {
  server = await testServer(json({}))
})
afterAll(async () => await server[Symbol.asyncDispose]())
beforeEach(() => void server.sent.splice(0))

/** One answer after the other; the last one for ever. */
function inTurn(...answers: readonly Answer[]): Answer {
  let turn = 0
  return (sent, response) => answers[Math.min(turn++, answers.length - 1)]?.(sent, response)
}

const asked = () => server.sent.map(({ method }) => method)

test('an API server that starts, or does not know its bindings yet, is asked again', async () => {
  server.answer(inTurn(no(503, 'ServiceUnavailable', 'x'), no(403, 'Forbidden', 'x'), json({})))
  await putObjects(server.client(), [OPERATORS_BINDING], options)
  expect(asked()).toEqual(['PATCH', 'PATCH', 'PATCH'])
  expect(server.sent[0]?.url).toContain('force=true')
})

test('one that stays so is an error in the end, and one that understands nothing is at once', async () => {
  server.answer(no(503, 'ServiceUnavailable', 'x'))
  const late = putObjects(server.client(), [OPERATORS_BINDING], options)
  await expect(late).rejects.toMatchObject({ code: 'kubernetes', message: expect.stringContaining('503') })
  server.sent.splice(0)
  server.answer(no(400, 'BadRequest', 'x'))
  await expect(putObjects(server.client(), [OPERATORS_BINDING], options)).rejects.toThrow(/400 BadRequest/)
  expect(asked()).toEqual(['PATCH'])
})

test('a binding that leads to another role is made again, since it can not be changed', async () => {
  server.answer(
    routes({
      [`PATCH ${PATH}`]: inTurn(no(422, 'Invalid', 'cannot change roleRef'), json({})),
      [`DELETE ${PATH}`]: json({}),
    }),
  )
  await putObjects(server.client(), [OPERATORS_BINDING], options)
  expect(asked()).toEqual(['PATCH', 'DELETE', 'PATCH'])
})

test('any other object that is invalid is an error, and is left alone', async () => {
  server.answer(no(422, 'Invalid', 'x'))
  const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', namespace: 'b' } } as const
  await expect(putObjects(server.client(), [map], options)).rejects.toThrow(/422 Invalid/)
  expect(asked()).toEqual(['PATCH'])
})

test('a node that changes meanwhile is read again; one that is as wanted is not written', async () => {
  const wanted = { labels: { disk: 'ssd' }, taints: [] }
  const noted = { 'quorate/node-settings': '{"labels":["disk"],"taints":[]}' }
  server.answer(
    routes({
      [`GET ${NODE}`]: inTurn(at('1'), at('2'), at('3', { disk: 'ssd' }, noted)),
      [`PATCH ${NODE}`]: inTurn(no(409, 'Conflict', 'changed'), json({})),
    }),
  )
  const client = server.client()
  expect(await putNodeSettings(client, 'worker01', wanted, options)).toBe(true)
  expect(asked()).toEqual(['GET', 'PATCH', 'GET', 'PATCH'])
  expect(
    server.sent
      .filter(({ method }) => method === 'PATCH')
      .map(({ body }) => JSON.parse(body).metadata.resourceVersion),
  ).toEqual(['1', '2'])
  expect(await putNodeSettings(client, 'worker01', wanted, options)).toBe(false)
  expect(asked().slice(4)).toEqual(['GET'])
})

test('a node that is not there is said', async () => {
  server.answer(routes({}))
  const wanted = { labels: {}, taints: [] }
  await expect(putNodeSettings(server.client(), 'worker01', wanted, options)).rejects.toMatchObject({
    code: 'kubernetes',
    host: 'worker01',
  })
})
