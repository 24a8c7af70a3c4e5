# What the roster program meets in a FusionPBX: a PostgreSQL with its tables (the columns that it uses, as
# app/devices/app_config.php of FusionPBX 5 has them), and its provisioning URL, played by docs/testdata/fusionpbx.
# needs: psql setpriv
bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | tail -n 1)
mkdir -p /mnt/pg && chown postgres /mnt/pg && chmod 700 /mnt/pg
as() { setpriv --reuid postgres --regid postgres --clear-groups env HOME=/mnt/pg "$@"; }
(cd /mnt/pg && as "$bin/initdb" -D /mnt/pg/data -A trust -U fusionpbx >/mnt/pg/initdb.log)
(cd /mnt/pg && as "$bin/pg_ctl" -D /mnt/pg/data -w -l /mnt/pg/log -o "-k /mnt/pg -h 127.0.0.1" start >/dev/null)
export PGHOST=127.0.0.1 PGUSER=fusionpbx PGDATABASE=fusionpbx
"$bin/createdb" fusionpbx
psql -Xq <<SQL
CREATE TABLE v_domains (domain_uuid uuid PRIMARY KEY, domain_name text, domain_enabled text);
CREATE TABLE v_devices (device_uuid uuid PRIMARY KEY, domain_uuid uuid, device_profile_uuid uuid, device_address text, device_label text,
  device_vendor text, device_model text, device_enabled text, device_template text, device_description text);
CREATE TABLE v_device_lines (domain_uuid uuid, device_line_uuid uuid PRIMARY KEY, device_uuid uuid, line_number text, server_address text,
  server_address_primary text, display_name text, user_id text, auth_id text, password text, sip_port numeric, sip_transport text,
  register_expires numeric, shared_line text, enabled text);
INSERT INTO v_domains VALUES (gen_random_uuid(), 'pbx.example.com', 'true');
SQL
mount -t tmpfs tmpfs /opt
printf 'database.0.type = pgsql\ndatabase.0.host = 127.0.0.1\ndatabase.0.port = 5432\ndatabase.0.name = fusionpbx\ndatabase.0.username = fusionpbx\n' \
  >/opt/config.conf
go build -o /mnt/pg/standin ./docs/testdata/fusionpbx
/mnt/pg/standin >/mnt/pg/standin.log 2>&1 &
until ss -Hltn | grep -q '192.0.2.1:80 '; do sleep 0.1; done
