/**
 * The programs of Kubernetes that no distribution has, each built from the Go modules of its project. Kubernetes' own
 * seven programs are one program, which acts as the one whose name it is started by. It needs a quarter of the space of
 * seven, and one layer of an image serves three components. Pure: texts from texts.
 */
import type { GoProgram } from '../go-build.ts'

/** The programs of Kubernetes by name: the package of each, and the function that starts it. */
const PROGRAMS = {
  'kube-apiserver': ['cmd/kube-apiserver/app', 'run(app.NewAPIServerCommand())'],
  'kube-controller-manager': ['cmd/kube-controller-manager/app', 'run(app.NewControllerManagerCommand())'],
  'kube-proxy': ['cmd/kube-proxy/app', 'run(app.NewProxyCommand())'],
  'kube-scheduler': ['cmd/kube-scheduler/app', 'run(app.NewSchedulerCommand())'],
  kubeadm: ['cmd/kubeadm/app', 'kubeadmErrors.HandleError(app.Run())'],
  kubelet: ['cmd/kubelet/app', 'run(app.NewKubeletCommand(context.Background()))'],
} as const

/** All names that the combined program can be started by. */
export const KUBERNETES_PROGRAMS = [...Object.keys(PROGRAMS), 'kubectl'].toSorted()

export const KUBERNETES_MODULE = 'k8s.io/kubernetes'

/** Three thousand packages: twelve minutes on an idle workstation, and hours on a busy one. */
const TIMEOUT_MS = 3 * 3_600_000

/** Stamped into programs that report their version: without it, every check of a version sees v0.0.0. */
const VERSION_PACKAGES = ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version']

/**
 * The module that Kubernetes is built in. It has the requirements of Kubernetes' own go.mod. The modules in the
 * repository's `staging` directory are missing in the published module, so they are required at their published
 * versions.
 *
 * @param version `1.37.2`
 * @param theirs text of `go.mod` and `go.sum` of k8s.io/kubernetes at that version
 */
export function kubernetesProgram(
  version: string,
  theirs: { readonly mod: string; readonly sum: string },
): GoProgram {
  const [major = '', minor = ''] = version.split('.')
  const values = {
    gitVersion: `v${version}`,
    gitMajor: major,
    gitMinor: minor,
    gitTreeState: 'archive',
    gitCommit: '0'.repeat(40),
    buildDate: '1970-01-01T00:00:00Z',
  }
  const stamp = VERSION_PACKAGES.flatMap((name) =>
    Object.entries(values).map(([variable, value]) => `-X ${name}.${variable}=${value}`),
  )
  const files = {
    'go.mod': kubernetesModule(version, theirs.mod),
    'go.sum': theirs.sum,
    'main.go': mainOfAll(),
  }
  return { name: 'kubernetes', package: '.', files, stamp, timeoutMs: TIMEOUT_MS }
}

/** @returns go.mod */
export function kubernetesModule(version: string, theirs: string): string {
  const published = `v${version.replace(/^1\./, '0.')}`
  const own = theirs
    .replace(/^module .*$/m, 'module quorate.invalid/build')
    .replaceAll(/^(\s*k8s\.io\/[\w-]+) v0\.0\.0$/gm, `$1 ${published}`)
    .replaceAll(/^(\s*(k8s\.io\/[\w-]+)) => \.\/staging\/\S+$/gm, `$1 => $2 ${published}`)
  return `${own}\nrequire ${KUBERNETES_MODULE} v${version}\n`
}

/** The name of a package in Go. */
const alias = (name: string) => name.replaceAll('-', '')

function mainOfAll(): string {
  const entries = Object.entries(PROGRAMS)
  const imports = entries.map(([name, [folder]]) => `\t${alias(name)} "${KUBERNETES_MODULE}/${folder}"`)
  const cases = entries.map(
    ([name, [, start]]) => `\tcase "${name}":\n\t\t${start.replace('app.', `${alias(name)}.`)}`,
  )
  return `package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	_ "time/tzdata"

	"github.com/spf13/cobra"
	_ "k8s.io/client-go/plugin/pkg/client/auth"
	"k8s.io/component-base/cli"
	"k8s.io/component-base/logs"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	kubectl "k8s.io/kubectl/pkg/cmd"
	kubectlErrors "k8s.io/kubectl/pkg/cmd/util"
	kubeadmErrors "k8s.io/kubernetes/cmd/kubeadm/app/util/errors"
${imports.join('\n')}
)

func main() {
	switch name := filepath.Base(os.Args[0]); name {
${cases.join('\n')}
	case "kubectl":
		logs.GlogSetter(kubectl.GetLogVerbosity(os.Args))
		if err := cli.RunNoErrOutput(kubectl.NewDefaultKubectlCommand()); err != nil {
			kubectlErrors.CheckErr(err)
		}
	default:
		fmt.Fprintf(os.Stderr, "%s: no program of Kubernetes has this name\\n", name)
		os.Exit(64)
	}
}

func run(command *cobra.Command) { os.Exit(cli.Run(command)) }
`
}

/**
 * CoreDNS with the plugins that a cluster's Corefile names, without those for clouds: half the packages.
 *
 * @param kubernetes its version, so that packages that both use are compiled only once
 */
export function corednsProgram(version: string, kubernetes: string): GoProgram {
  const plugins = [
    'bind',
    'cache',
    'errors',
    'forward',
    'health',
    'hosts',
    'kubernetes',
    'loadbalance',
    'log',
    'loop',
    'metrics',
    'ready',
    'reload',
    'whoami',
  ]
  const module = 'github.com/coredns/coredns'
  const main = `package main

import (
	"${module}/coremain"
${plugins.map((name) => `\t_ "${module}/plugin/${name}"`).join('\n')}
)

func main() { coremain.Run() }
`
  const files = { 'go.mod': moduleOf(module, version, kubernetes), 'main.go': main }
  return { name: 'coredns', package: '.', files }
}

export const FLANNEL_MODULE = 'github.com/flannel-io/flannel'

/** Back ends that quorate doesn't use and that can't be built: one needs an unpublished module, one needs cgo. */
const LEFT_OUT = ['tencentvpc', 'udp']

/**
 * @param main text of the module's own main.go
 * @param kubernetes as for CoreDNS
 */
export function flannelProgram(version: string, main: string, kubernetes: string): GoProgram {
  const lines = main
    .split('\n')
    .filter((line) => !LEFT_OUT.some((name) => line.includes(`/pkg/backend/${name}"`)))
  const files = { 'go.mod': moduleOf(FLANNEL_MODULE, version, kubernetes), 'main.go': lines.join('\n') }
  const stamp = [`-X ${FLANNEL_MODULE}/pkg/version.Version=v${version}`]
  return { name: 'flanneld', package: '.', files, stamp }
}

function moduleOf(module: string, version: string, kubernetes: string): string {
  const published = `v${kubernetes.replace(/^1\./, '0.')}`
  const shared = ['api', 'apimachinery', 'client-go'].map((name) => `\tk8s.io/${name} ${published}`)
  return `module quorate.invalid/build

go 1.26.0

require (
	${module} v${version}
${shared.join('\n')}
)
`
}

/**
 * The process that keeps a pod's namespaces: it waits, and reaps orphans. Kubernetes' own is written in C. With `-v`,
 * it exits with 0, because an upgrade by kubeadm expects that.
 */
export function pauseProgram(): GoProgram {
  const main = `package main

import (
	"os"
	"os/signal"
	"syscall"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "-v" {
		return
	}
	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGINT, syscall.SIGTERM)
	orphan := make(chan os.Signal, 1)
	signal.Notify(orphan, syscall.SIGCHLD)
	for {
		select {
		case <-end:
			return
		case <-orphan:
			for {
				if pid, _ := syscall.Wait4(-1, nil, syscall.WNOHANG, nil); pid <= 0 {
					break
				}
			}
		}
	}
}
`
  return {
    name: 'pause',
    package: '.',
    files: { 'go.mod': 'module quorate.invalid/build\n\ngo 1.21\n', 'main.go': main },
  }
}
