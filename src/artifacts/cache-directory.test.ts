import { expect, test } from 'vitest'
import { cacheDirectory } from './cache-directory.ts'

test('the cache follows XDG, and ignores a relative XDG_CACHE_HOME as the specification asks', () => {
  expect(cacheDirectory({ HOME: '/home/ada', XDG_CACHE_HOME: '/var/cache/ada' })).toBe(
    '/var/cache/ada/quorate',
  )
  expect(cacheDirectory({ HOME: '/home/ada', XDG_CACHE_HOME: 'cache' })).toBe('/home/ada/.cache/quorate')
  expect(cacheDirectory({ HOME: '/home/ada' })).toBe('/home/ada/.cache/quorate')
})
