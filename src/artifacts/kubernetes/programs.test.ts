import { expect, test } from 'vitest'
import { KUBERNETES_PROGRAMS, flannelProgram, kubernetesModule, kubernetesProgram } from './programs.ts'

const THEIRS = `module k8s.io/kubernetes

go 1.26.0

godebug default=go1.26

require (
	github.com/spf13/cobra v1.10.2
	k8s.io/api v0.0.0
	k8s.io/klog/v2 v2.140.0
	k8s.io/utils v0.0.0-20260626114624-be93311217bd
)

replace (
	k8s.io/api => ./staging/src/k8s.io/api
)
`

test('the module has the requirements of theirs, and what lies in their repository at its published version', () => {
  expect(kubernetesModule('1.37.2', THEIRS)).toBe(`module quorate.invalid/build

go 1.26.0

godebug default=go1.26

require (
	github.com/spf13/cobra v1.10.2
	k8s.io/api v0.37.2
	k8s.io/klog/v2 v2.140.0
	k8s.io/utils v0.0.0-20260626114624-be93311217bd
)

replace (
	k8s.io/api => k8s.io/api v0.37.2
)

require k8s.io/kubernetes v1.37.2
`)
})

test('one program for all, each started by its name, with the version stamped into both packages that are asked for it', () => {
  const { files, stamp = [] } = kubernetesProgram('1.37.2', { mod: THEIRS, sum: 'sums\n' })
  for (const name of KUBERNETES_PROGRAMS) expect(files['main.go']).toContain(`case "${name}":`)
  expect(files['go.sum']).toBe('sums\n')
  expect(stamp).toContain('-X k8s.io/component-base/version.gitVersion=v1.37.2')
  expect(stamp).toContain('-X k8s.io/client-go/pkg/version.gitMinor=37')
})

test("flannel is built without the back ends that can't be built", () => {
  const lines = ['vxlan', 'udp', 'tencentvpc', 'hostgw'].map(
    (name) => `\t_ "github.com/flannel-io/flannel/pkg/backend/${name}"`,
  )
  const { files } = flannelProgram('0.28.10', `package main\n\nimport (\n${lines.join('\n')}\n)\n`, '1.37.2')
  expect(files['main.go']).toBe(`package main\n\nimport (\n${lines[0]}\n${lines[3]}\n)\n`)
  expect(files['go.mod']).toContain('k8s.io/client-go v0.37.2')
})
