# A FusionPBX at pbx.example.com, this machine, with provisioning on and one phone, 0021f2a1b2c3: the application itself
# where `make fusionpbx` has fetched it; elsewhere a PostgreSQL with its tables (the columns that are used here, as
# app/devices/app_config.php of FusionPBX 5 has them), and docs/testdata/fusionpbx in the place of its PHP.
# needs: psql setpriv openssl ss
source=/var/cache/fipsim/fusionpbx
bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | tail -n 1)
here=$PWD

# All that a FusionPBX writes outside of /mnt goes to copies, which end with this page.
cp -a /etc /mnt/etc && mount --bind /mnt/etc /etc
mkdir -p /etc/fusionpbx
echo '192.0.2.1 pbx.example.com' >>/etc/hosts
mkdir -p /etc/ssl/private
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=pbx.example.com -addext subjectAltName=DNS:pbx.example.com \
  -keyout /etc/ssl/private/nginx.key -out /etc/ssl/certs/nginx.crt 2>/dev/null
cat /etc/ssl/certs/nginx.crt >>/etc/ssl/certs/ca-certificates.crt

mkdir -p /mnt/pg && chown postgres /mnt/pg && chmod 700 /mnt/pg
as() { setpriv --reuid postgres --regid postgres --clear-groups env HOME=/mnt/pg "$@"; }
(cd /mnt/pg && as "$bin/initdb" -D /mnt/pg/data -A trust -U fusionpbx >/mnt/pg/initdb.log)
(cd /mnt/pg && as "$bin/pg_ctl" -D /mnt/pg/data -w -l /mnt/pg/log -o "-k /mnt/pg -h 127.0.0.1" start >/dev/null)
export PGHOST=127.0.0.1 PGUSER=fusionpbx PGDATABASE=fusionpbx
"$bin/createdb" fusionpbx

if [ -d "$source/app/provision" ]; then
  . "$here/docs/testdata/fusionpbx/itself.sh"
else
  psql -Xq <<SQL
CREATE TABLE v_domains (domain_uuid uuid PRIMARY KEY, domain_name text, domain_enabled boolean);
CREATE TABLE v_devices (device_uuid uuid PRIMARY KEY, domain_uuid uuid, device_profile_uuid uuid, device_address text, device_label text,
  device_vendor text, device_model text, device_enabled boolean, device_template text, device_description text);
CREATE TABLE v_device_lines (domain_uuid uuid, device_line_uuid uuid PRIMARY KEY, device_uuid uuid, line_number text, server_address text,
  server_address_primary text, label text, display_name text, user_id text, auth_id text, password text, sip_port numeric, sip_transport text,
  register_expires numeric, shared_line text, enabled boolean);
INSERT INTO v_domains VALUES (gen_random_uuid(), 'pbx.example.com', 'true');
SQL
  printf 'database.0.type = pgsql\ndatabase.0.host = 127.0.0.1\ndatabase.0.port = 5432\ndatabase.0.name = fusionpbx\ndatabase.0.username = fusionpbx\n' \
    >/etc/fusionpbx/config.conf
  go build -o /mnt/pg/standin ./docs/testdata/fusionpbx
  /mnt/pg/standin >/mnt/pg/standin.log 2>&1 &
fi
psql -Xq <<SQL
INSERT INTO v_devices (device_uuid, domain_uuid, device_address, device_vendor, device_template, device_enabled)
  SELECT gen_random_uuid(), domain_uuid, '0021f2a1b2c3', 'flyingvoice', 'flyingvoice/fip14g', true FROM v_domains;
INSERT INTO v_device_lines (device_line_uuid, domain_uuid, device_uuid, line_number, server_address, display_name, user_id, auth_id,
    password, sip_port, sip_transport, register_expires, enabled)
  SELECT gen_random_uuid(), domain_uuid, device_uuid, '1', 'pbx.example.com', 'Reception', '100', '100', 'Correct-Horse-7', 5060, 'udp', 120, true
  FROM v_devices;
SQL
until ss -Hltn | grep -q ':443 '; do sleep 0.1; done
