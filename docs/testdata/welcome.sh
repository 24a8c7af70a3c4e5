# The server of docs/testdata/servers.sh, but with a page for each file that it has not: what many a web server does.
# needs: nginx ss
mkdir -p /mnt/welcome /srv/tftp
printf '<html><body>Welcome</body></html>' >/srv/tftp/welcome.html
printf 'lang.gui=English\n' >/srv/tftp/y000000000000.cfg
chmod -R a+rX /srv/tftp
cat >/mnt/welcome/nginx.conf <<END
pid /mnt/welcome/nginx.pid;
events { worker_connections 1024; }
http {
  access_log off;
  client_body_temp_path /mnt/welcome/b; proxy_temp_path /mnt/welcome/p; fastcgi_temp_path /mnt/welcome/f;
  uwsgi_temp_path /mnt/welcome/u; scgi_temp_path /mnt/welcome/s;
  server { listen 192.0.2.1:8000; root /srv/tftp; error_page 404 =200 /welcome.html; }
}
END
nginx -c /mnt/welcome/nginx.conf -e /mnt/welcome/error.log
until ss -Hltn | grep -q ':8000 '; do sleep 0.1; done
