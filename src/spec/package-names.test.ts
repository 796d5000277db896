import { expect, test } from 'vitest'
import { installCommand } from './package-names.ts'

test.each([
  [undefined, 'apt-get install conntrack containernetworking-plugins mount nftables'],
  ['dnf', 'dnf install conntrack-tools containernetworking-plugins util-linux nftables'],
  ['zypper', 'zypper install conntrack-tools cni-plugins util-linux nftables'],
  ['apk', 'apk add conntrack-tools cni-plugins mount nftables'],
  ['pacman', 'pacman -S conntrack-tools cni-plugins util-linux nftables'],
  // Its names are not known, nor its command.
  [
    'xbps',
    expect.stringMatching(
      /^install conntrack, containernetworking-plugins, mount, nftables .* distribution /,
    ) as string,
  ],
])('what a node of Kubernetes needs has other names with %s', (installer, command) => {
  const packages = ['conntrack', 'containernetworking-plugins', 'mount', 'nftables']
  expect(installCommand(installer, packages)).toEqual(command)
})
