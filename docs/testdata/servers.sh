# A folder behind dnsmasq (TFTP) and nginx (HTTP on 80 and 8080, HTTPS on 443) at 192.0.2.1, as an installer would
# leave them. ca.pem is the certificate's, in the clone.
# needs: dnsmasq nginx openssl ss
cp -r scenarios/sample/. /srv/tftp/
sed -i 's,@server@,http://192.0.2.1/,' /srv/tftp/*.boot /srv/tftp/Phonebooks/*.cfg
mkdir /srv/tftp/phones
cp /srv/tftp/*.boot /srv/tftp/*.cfg /srv/tftp/phones/
chmod -R a+rX /srv/tftp

mkdir -p /mnt/servers
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=192.0.2.1 -addext subjectAltName=IP:192.0.2.1 \
  -keyout /mnt/servers/key.pem -out ca.pem 2>/dev/null
cat >/mnt/servers/nginx.conf <<END
pid /mnt/servers/nginx.pid;
events { worker_connections 1024; }
http {
  access_log off;
  client_body_temp_path /mnt/servers/b; proxy_temp_path /mnt/servers/p; fastcgi_temp_path /mnt/servers/f;
  uwsgi_temp_path /mnt/servers/u; scgi_temp_path /mnt/servers/s;
  ssl_certificate $PWD/ca.pem; ssl_certificate_key /mnt/servers/key.pem;
  server { listen 192.0.2.1:80; listen 192.0.2.1:8080; listen 192.0.2.1:443 ssl; root /srv/tftp; }
}
END
nginx -c /mnt/servers/nginx.conf -e /mnt/servers/error.log
dnsmasq --port=0 --enable-tftp --tftp-root=/srv/tftp --listen-address=192.0.2.1 --bind-interfaces --pid-file=/mnt/servers/dnsmasq.pid --conf-file=/dev/null
until ss -Hlun | grep -q ':69 ' && ss -Hltn | grep -q ':443 '; do sleep 0.1; done
