/** Where Kubernetes has its files on a node. kubeadm's own paths where it has any: its manifests name them. */

const CONFIGURATION = '/etc/kubernetes'
const PKI = `${CONFIGURATION}/pki`
const OWN = `${CONFIGURATION}/quorate`

export const PLACES = {
  manifests: `${CONFIGURATION}/manifests`,
  pki: PKI,
  /** The CA of everything but etcd and the front proxy; on workers too. */
  ca: `${PKI}/ca.crt`,
  /** On masters, if `pki.caKey` is `masters`: the controller-manager signs kubelets with it. */
  caKey: `${PKI}/ca.key`,
  frontProxyCa: `${PKI}/front-proxy-ca.crt`,
  serviceAccount: { key: `${PKI}/sa.key`, publicKey: `${PKI}/sa.pub` },
  kubeconfigs: {
    admin: `${CONFIGURATION}/admin.conf`,
    controllerManager: `${CONFIGURATION}/controller-manager.conf`,
    scheduler: `${CONFIGURATION}/scheduler.conf`,
  },
  /** Mounted into the API server as a whole: a file that is mounted by itself would never change in there. */
  own: OWN,
  /** What all of kubeadm's phases are given. */
  kubeadm: `${OWN}/kubeadm.yaml`,
  /** Where the machine has no DNS server that pods can reach. */
  resolver: `${OWN}/resolv.conf`,
  auditPolicy: `${OWN}/audit-policy.yaml`,
  encryption: `${OWN}/encryption.yaml`,
  auditLog: '/var/log/kubernetes/audit',
  /** The API server's client pair for etcd. Outside of `pki`, which `kubeadm reset` empties. */
  etcd: {
    ca: '/etc/ssl/kubernetes-etcd/ca.crt',
    certificate: '/etc/ssl/kubernetes-etcd/client.crt',
    key: '/etc/ssl/kubernetes-etcd/client.key',
  },
  kubelet: {
    unit: '/etc/systemd/system/kubelet.service',
    configuration: '/var/lib/kubelet/config.yaml',
    kubeconfig: `${CONFIGURATION}/kubelet.conf`,
    /**
     * Certificate and key in one file, which the kubelet replaces. It must be a link to that file: of a plain file the kubelet
     * says that it "is a file", and goes on with it until it has expired.
     */
    client: '/var/lib/kubelet/pki/kubelet-client-current.pem',
    /** Read again by the kubelet when they change. */
    serving: { certificate: '/var/lib/kubelet/pki/kubelet.crt', key: '/var/lib/kubelet/pki/kubelet.key' },
  },
  /** flanneld as a service, which reads its network from etcd with a client pair of its own. */
  flannel: {
    unit: '/etc/systemd/system/flanneld.service',
    script: '/usr/local/lib/quorate/flannel-cni.sh',
    ca: '/etc/ssl/flannel/ca.crt',
    certificate: '/etc/ssl/flannel/client.crt',
    key: '/etc/ssl/flannel/client.key',
    /** What flanneld says of the node's part of the network. */
    subnet: '/run/flannel/subnet.env',
  },
  /** On service nodes: HAProxy believes no API server without it from then on. */
  balancerCa: '/etc/haproxy/api-ca.crt',
  /** Written on the node by what knows its part of the pods' network: flannel. */
  cniConfiguration: '/etc/cni/net.d/10-flannel.conflist',
} as const

export const CONTAINERD_SOCKET = 'unix:///run/containerd/containerd.sock'
