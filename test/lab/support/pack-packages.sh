# pack-packages.sh PACKAGE…: packs installed packages again, makes them apt's only source, and removes them from the machine.
set -eu
export DEBIAN_FRONTEND=noninteractive LC_ALL=C
mkdir -p /srv/packages
cd /srv/packages
: >Packages
for package; do
  tree=/srv/tree/$package
  mkdir -p "$tree/DEBIAN"
  dpkg -L "$package" | while read -r path; do
    if [ -d "$path" ]; then mkdir -p "$tree$path"; elif [ -e "$path" ] || [ -L "$path" ]; then mkdir -p "$tree${path%/*}" && cp -a "$path" "$tree$path"; fi
  done
  dpkg-query -s "$package" | sed -e '/^Status:/d' -e '/^Conffiles:/,/^[A-Z]/{/^Conffiles:/d;/^ \//d}' >"$tree/DEBIAN/control"
  for part in preinst postinst prerm postrm conffiles; do
    if [ -f "/var/lib/dpkg/info/$package.$part" ]; then cp -a "/var/lib/dpkg/info/$package.$part" "$tree/DEBIAN/$part"; fi
  done
  dpkg-deb -Znone --root-owner-group --build "$tree" "$package.deb" >/dev/null
  cat "$tree/DEBIAN/control" >>Packages
  printf 'Filename: ./%s.deb\nSize: %s\nSHA256: %s\n\n' "$package" "$(stat -c %s "$package.deb")" "$(sha256sum "$package.deb" | cut -d ' ' -f 1)" >>Packages
done
apt-get -q -y purge "$@" >/dev/null 2>&1
rm -rf /etc/apt/sources.list /etc/apt/sources.list.d/* /srv/tree /etc/haproxy /etc/keepalived
echo 'deb [trusted=yes] file:/srv/packages ./' >/etc/apt/sources.list
