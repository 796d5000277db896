/** The systemd unit of a containerd from a release; a distribution's package has its own. Pure. */
import { CONTAINERD, programDirectory, signature } from './files.ts'

/** @param version of containerd */
export function containerdUnitText(cluster: string, version: string): string {
  const directory = programDirectory('containerd', version)
  return `${signature(cluster)}
[Unit]
Description=containerd, the container runtime of Kubernetes
Documentation=https://containerd.io
After=network.target local-fs.target dbus.service

[Service]
Type=notify
# Where containerd looks for its shim.
Environment=PATH=${directory}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
ExecStartPre=-/usr/bin/env modprobe overlay
ExecStart=${directory}/containerd --config ${CONTAINERD.configuration}
# Containers have control groups of their own, and outlive it.
Delegate=yes
KillMode=process
Restart=always
RestartSec=5
OOMScoreAdjust=-999
LimitNPROC=infinity
LimitCORE=infinity
TasksMax=infinity

[Install]
WantedBy=multi-user.target
`
}
