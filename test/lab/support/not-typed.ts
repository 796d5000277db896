/** Commands in README and docs that another test runs, or none: why. */
export const NOT_HERE: Readonly<Record<string, string>> = {
  'quorate adopt --name prod admin@10.0.0.11 --preview': 'test/lab/adopt.test.ts',
  'quorate adopt --name prod admin@10.0.0.11': 'test/lab/adopt.test.ts, on clusters that others set up',
  'quorate etcdctl --api 2 -- ls /coreos.com/network':
    'test/lab/apply-flannel.test.ts, with etcd 3.4: 3.6 has no v2 API',
  'curl http://127.0.0.1:2379/v2/keys/coreos.com/network/config': 'the same',
  'quorate run etcd03 --root -- systemctl poweroff --force':
    'the connection may end before the answer; test/lab/lab.test.ts has nodes that are off',
  'for node in etcd01 etcd02 etcd03; do':
    'test/lab/certs-renew.test.ts has expired certificates, also of members that were restarted',
  'quorate run $node --root -- openssl x509 -x509toreq -copy_extensions copy -in /etc/ssl/etcd/etcd.crt -signkey /etc/ssl/etcd/etcd.key > expired.csr':
    'the same',
  'openssl x509 -req -in expired.csr -copy_extensions copy -days -1 -set_serial 1 -CA .quorate/prod/ca/ca.crt -CAkey .quorate/prod/ca/ca.key > expired.crt':
    'the same',
  'quorate run $node --root --stdin -- tee /etc/ssl/etcd/etcd.crt < expired.crt > /dev/null': 'the same',
  done: 'the same',
  'head -c 750000 /dev/urandom | base64 -w0 > value':
    'test/lab/upkeep.test.ts fills a database with a small quota',
  'while quorate etcdctl --stdin -- put big < value; do :; done': 'the same',
  'date -u': 'only reads the clock of the workstation',
  'quorate recover --abandon --lost etcd01':
    'no machine is out of reach; test/sim/verbs/recover has such lives',
  'quorate member add etcd03 --address 198.18.9.13':
    'typed.ts: in place of the command for etcd04, for which no machine is left',
  'cp cluster.yaml lab.yaml': 'its nodes are then edited by hand',
  'quorate -f lab.yaml lab up': 'test/lab/lab.test.ts starts the nodes that a lab lacks',
  'quorate member add worker01': 'no machine is left for it',
  'quorate member add etcd04 --address 198.18.9.14 --user admin --jump bastion': 'the same',
  'quorate member replace etcd02 etcd04 --address 198.18.9.14':
    'test/lab/members.test.ts, with five machines',
  'quorate member remove etcd04 etcd05': 'test/lab/members.test.ts, one at a time',
  'quorate backup schedule': 'test/lab/backup-schedule.test.ts, with a node that carries no etcd',
  'quorate backup schedule --node service01 --every day --keep daily=14,monthly=12': 'the same',
  'quorate backup schedule --remove': 'the same',
  'quorate run service01 -- systemctl start quorate-backup.service': 'the same, on the node itself',
  'quorate run service01 -- journalctl -u quorate-backup.service -n 30': 'the same',
  'quorate run service01 -- /usr/local/lib/quorate/quorate -f /etc/quorate-backup/cluster.yaml backup list':
    'the same',
  'quorate backup signers rotate service01': 'test/lab/attack-bucket.test.ts, with a schedule',
  'quorate backup signers revoke node-service01@prod': 'the same',
  'quorate restore ./prod.bundle.age --into cluster.yaml --identity backup.key --signers allowed_signers':
    'test/lab/restore.test.ts, on machines made new',
  'quorate restore ./snapshot.db --confirm prod': 'test/lab/restore.test.ts, with etcd 3.4',
  'quorate restore ./prod.bundle.age --identity backup.key': 'the same, as the name in the store',
  'quorate upgrade --to 3.6.16 --check':
    'test/lab/downgrade.test.ts: a downgrade, with all that can happen to one',
  'quorate upgrade --to 3.6.16': 'the same',
  'quorate upgrade --to 3.6.16 --sha256 amd64=3b1f8e0c5a7d92644f6e2b8d1c3a59708f4e6d2c1b0a99887766554433221100':
    'test/lab/attack-release.test.ts, with checksums of programs that there are',
  'quorate upgrade --to 3.6.16 --sha256 amd64/etcd=3b1f8e0c5a7d92644f6e2b8d1c3a59708f4e6d2c1b0a99887766554433221100 --check':
    'the same',
  'curl --cacert ca.crt --cert monitor.crt --key monitor.key https://198.18.7.11:2379/metrics':
    'test/lab/attack-node-user.test.ts, with and without a certificate',
  'mkdir -p /etc/systemd/system/etcd.service.d':
    'test/lab/foreign-settings.test.ts, where a drop-in for all services is masked',
  'ln -s /dev/null /etc/systemd/system/etcd.service.d/10-all.conf': 'the same',
  'systemctl daemon-reload': 'the same',
  'quorate reset --purge': 'asks; typed with --confirm',
  'age-keygen -o backup.key': 'a program of age, which tests do without: they have a fixed key',
  '(umask 077 && age --decrypt --identity backup.key --output .quorate/prod/ca/ca.key opened/pki/ca-key.age)':
    'the same; test/lab/backup.test.ts opens the key of the CA with quorate',
  'script/demo': 'nine machines; makes what it needs itself',
  'script/test': 'runs this test',
  'script/test kubernetes': 'it is what runs the tests on machines with Kubernetes',
  'script/test unit': 'runs beside this test',
  'script/test --list-slow': 'runs this test',
  'script/setup': 'what script/test begins with',
  'npx vitest run --project unit src/pki/local.test.ts': 'runs beside this test',
  'npm run prose': 'test/prose.test.ts runs the same',
  'npm run prose -- docs/guides/x.md': 'the same',
  'npm run prose -- --write': 'changes test/prose/pending.txt',
  'script/bench': 'minutes',
  'script/bench --json': 'minutes',
  'script/bench backups': 'minutes',
  'script/bench kubernetes': 'minutes',
  'script/bench start': 'minutes',
  'script/bench --markdown': 'minutes, and writes into the pages',
  'sudo ln -sf "$PWD/quorate" /usr/local/bin/quorate': "changes this computer's programs",
  'npm run binary': 'test/release.test.ts makes the same files',
  'script/install --from dist/binary': 'test/install.test.ts',
  'script/install --from https://releases.example.com/quorate': 'the same, from a local server',
  'script/install --uninstall': 'the same',
  'npm pack --ignore-scripts': 'script/try-package.ts, in the part package',
  'npm install --global ./quorate-0.1.0.tgz': 'the same, into an empty directory',
  'npx --package=./quorate-0.1.0.tgz quorate --help': 'the same, from that directory',
  'npm uninstall --global quorate': "changes this computer's programs",
  'podman build --file packaging/Containerfile --build-arg UID="$(id -u)" --tag localhost/quorate .':
    'needs a registry of images; docs/start/install.md says what was run by hand',
  'podman run --rm --interactive --tty --network host --userns keep-id --volume "$PWD:/cluster" --volume "$SSH_AUTH_SOCK:/ssh-agent" --env SSH_AUTH_SOCK=/ssh-agent localhost/quorate status':
    'the same',
  'podman rmi localhost/quorate': 'the same',
  'quorate init': 'asks; its questions have tests of their own',
  'node examples/library.ts examples/nine-machines.yaml': 'test/lab/library.test.ts, on other machines',
}
