/**
 * What a Kubernetes consists of that no distribution has, each built from the Go modules of its project. Kubernetes' own
 * seven programs are one here, which looks at the name that it is started by: it costs a quarter of the room of seven, and
 * one layer of an image serves three components. Pure: texts from texts.
 */
import type { GoProgram } from '../go-build.ts'

/** The programs of Kubernetes, by their names: which package has each, and what starts it. */
const PROGRAMS = {
  'kube-apiserver': ['cmd/kube-apiserver/app', 'run(app.NewAPIServerCommand())'],
  'kube-controller-manager': ['cmd/kube-controller-manager/app', 'run(app.NewControllerManagerCommand())'],
  'kube-proxy': ['cmd/kube-proxy/app', 'run(app.NewProxyCommand())'],
  'kube-scheduler': ['cmd/kube-scheduler/app', 'run(app.NewSchedulerCommand())'],
  kubeadm: ['cmd/kubeadm/app', 'kubeadmErrors.HandleError(app.Run())'],
  kubelet: ['cmd/kubelet/app', 'run(app.NewKubeletCommand(context.Background()))'],
} as const

/** All that the one program can be started as. */
export const KUBERNETES_PROGRAMS = [...Object.keys(PROGRAMS), 'kubectl'].toSorted()

export const KUBERNETES_MODULE = 'k8s.io/kubernetes'

/** Three thousand packages: twelve minutes where the workstation has nothing else to do, and hours where it has. */
const TIMEOUT_MS = 3 * 3_600_000

/** Stamped into programs that ask what they are: without it every check of a version sees v0.0.0. */
const VERSION_PACKAGES = ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version']

/**
 * The module that Kubernetes is built in: requirements of its own go.mod, with the modules that lie in its repository's
 * `staging` directory, and are left out of the published module, at the versions that are published of them.
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

/** Of a package in Go. */
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
 * CoreDNS with the plugins that a cluster's Corefile names, and without those of clouds: half the packages.
 *
 * @param kubernetes its version: what both share is then compiled once
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

/** Back ends that are of no use here and can't be built: one wants a module that isn't published, one wants cgo. */
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
 * What holds a pod's namespaces: it waits, and buries orphans. Kubernetes' own is in C. Asked for its version (`-v`) it ends
 * with 0, as an upgrade by kubeadm wants it.
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
