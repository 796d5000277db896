#!/bin/sh
# Ceph in its smallest shape: a monitor, an OSD that keeps all in memory, and the S3 gateway.
#
#   s3-server.sh MON_PORT S3_ADDRESS S3_PORT
#
# /mnt: a folder of its own, with server.pem (key and certificate) and the user's access key: two lines, ID and secret.
# Ends when its standard input does, and so with the test, however that ends.
set -eu
cd /mnt
exec 3<&0 </dev/null
mon_port=$1
s3_address=$2
s3_port=$3
{
  read -r access
  read -r secret
} <user
cluster=8f1a5f0e-5b7e-4a86-9c57-0d7f3c2f9b11
osd=8f1a5f0e-5b7e-4a86-9c57-0d7f3c2f9b12
cat >ceph.conf <<EOF
[global]
fsid = $cluster
mon_host = v2:127.0.0.1:$mon_port
public_addr = 127.0.0.1
auth_cluster_required = none
auth_service_required = none
auth_client_required = none
run_dir = /mnt
crash_dir = /mnt
admin_socket =
log_file = /mnt/\$name.log
ms_bind_msgr1 = false
# The gateway wants secure alone, which is not to be had without keys.
ms_mon_client_mode = crc
mon_data = /mnt/mon
mon_data_avail_crit = 1
mon_data_avail_warn = 2
mon_allow_pool_size_one = true
paxos_propose_interval = 0.05
osd_data = /mnt/osd
osd_objectstore = memstore
memstore_device_bytes = 1073741824
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 1
osd_pool_default_pgp_num = 1
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
rgw_data = /mnt/rgw
rgw_frontends = beast ssl_endpoint=$s3_address:$s3_port ssl_certificate=/mnt/server.pem
rgw_override_bucket_index_max_shards = 1
rgw_thread_pool_size = 32
# Of Amazon it is 1000: less to write for a test that needs two pages.
rgw_max_listing_results = 50
EOF
export CEPH_CONF=/mnt/ceph.conf
mkdir mon osd rgw
monmaptool --create --fsid "$cluster" --addv a "[v2:127.0.0.1:$mon_port]" monmap
ceph-mon --mkfs -i a --monmap monmap 2>mkfs-mon.log
ceph-mon -i a -f 2>/dev/null &
ceph osd new "$osd" 0
ceph-osd -i 0 --mkfs --osd-uuid "$osd" 2>mkfs-osd.log
ceph-osd -i 0 -f 2>/dev/null &
radosgw-admin -n client.s3 user create --uid quorate --display-name quorate \
  --access-key "$access" --secret-key "$secret" >/dev/null
radosgw -n client.s3 -f 2>/dev/null &
cat <&3
