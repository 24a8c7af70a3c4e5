# An office network on eth0, with a provisioning server that phones find by SIP PnP and by DHCP.
# needs: ip nsenter
ip route del 224.0.0.0/4 dev lo
ip link add eth0 type veth peer name far0
unshare --net sleep infinity &
until [ "$(readlink /proc/$!/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.1; done
ip link set far0 netns $!
far() { nsenter --net=/proc/$!/ns/net "$@"; }
far ip link set lo up
far ip addr add 198.51.100.1/24 dev far0
far ip link set far0 up
far ip route add 224.0.0.0/4 dev far0
ip addr add 198.51.100.2/24 dev eth0
ip link set eth0 up
ip route add 224.0.0.0/4 dev eth0
mkdir -p /mnt/lan
cp -r scenarios/sample /mnt/lan/site
sed -i 's,@server@,http://198.51.100.1/,' /mnt/lan/site/*.boot /mnt/lan/site/Phonebooks/*.cfg
nsenter --net=/proc/$!/ns/net fipsim serve --docroot /mnt/lan/site --tftp 198.51.100.1:69 --http 198.51.100.1:80 --pnp --dhcp --interface far0 >/mnt/lan/log 2>&1 &
until grep -q 'Ctrl-C' /mnt/lan/log; do kill -0 $! || { cat /mnt/lan/log; exit 1; }; sleep 0.1; done
