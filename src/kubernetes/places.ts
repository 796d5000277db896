/**
 * Paths of Kubernetes' files on a node. They are kubeadm's own paths where it has any, because its manifests name them.
 */

const CONFIGURATION = '/etc/kubernetes'
const PKI = `${CONFIGURATION}/pki`
const OWN = `${CONFIGURATION}/quorate`

export const PLACES = {
  manifests: `${CONFIGURATION}/manifests`,
  pki: PKI,
  /** The CA of everything but etcd and the front proxy; also on workers. */
  ca: `${PKI}/ca.crt`,
  /**
   * On control-plane nodes, if `pki.caKey` is `masters`: the controller-manager signs kubelets' certificates with it.
   */
  caKey: `${PKI}/ca.key`,
  frontProxyCa: `${PKI}/front-proxy-ca.crt`,
  serviceAccount: { key: `${PKI}/sa.key`, publicKey: `${PKI}/sa.pub` },
  kubeconfigs: {
    admin: `${CONFIGURATION}/admin.conf`,
    controllerManager: `${CONFIGURATION}/controller-manager.conf`,
    scheduler: `${CONFIGURATION}/scheduler.conf`,
  },
  /** The whole directory is mounted into the API server: a file mounted by itself would never change in the pod. */
  own: OWN,
  /** The configuration for all of kubeadm's phases. */
  kubeadm: `${OWN}/kubeadm.yaml`,
  /** Used if the node has no DNS server that pods can reach. */
  resolver: `${OWN}/resolv.conf`,
  auditPolicy: `${OWN}/audit-policy.yaml`,
  encryption: `${OWN}/encryption.yaml`,
  auditLog: '/var/log/kubernetes/audit',
  /** The API server's client certificate and key for etcd. Outside of `pki`, which `kubeadm reset` empties. */
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
     * Certificate and key in one file, which the kubelet replaces. It must be a link to that file: for a regular file,
     * the kubelet reports that it "is a file", and uses it until it has expired.
     */
    client: '/var/lib/kubelet/pki/kubelet-client-current.pem',
    /** The kubelet reads them again when they change. */
    serving: { certificate: '/var/lib/kubelet/pki/kubelet.crt', key: '/var/lib/kubelet/pki/kubelet.key' },
  },
  /** flanneld as a service reads its network from etcd, with its own client certificate. */
  flannel: {
    unit: '/etc/systemd/system/flanneld.service',
    script: '/usr/local/lib/quorate/flannel-cni.sh',
    ca: '/etc/ssl/flannel/ca.crt',
    certificate: '/etc/ssl/flannel/client.crt',
    key: '/etc/ssl/flannel/client.key',
    /** flanneld's output about the node's subnet. */
    subnet: '/run/flannel/subnet.env',
  },
  /** On service nodes: as soon as it exists, HAProxy trusts only API servers with a certificate from it. */
  balancerCa: '/etc/haproxy/api-ca.crt',
  /** Written on the node by flannel, which knows the node's subnet. */
  cniConfiguration: '/etc/cni/net.d/10-flannel.conflist',
} as const

export const CONTAINERD_SOCKET = 'unix:///run/containerd/containerd.sock'
