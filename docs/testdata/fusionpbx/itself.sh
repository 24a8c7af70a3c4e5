# FusionPBX itself, from $source, as its installer leaves it ($source-install, debian/resources/finish.sh): nginx with
# the installer's configuration, PHP, the database's schema and defaults, one domain. Without FreeSWITCH, which phones
# meet only after they are provisioned. Sourced by fusionpbx.sh.
version=$(php -r 'echo PHP_MAJOR_VERSION.".".PHP_MINOR_VERSION;')
install=$source-install/debian/resources
mount -t tmpfs tmpfs /var/www && mkdir /var/www/fusionpbx && mount --bind -o ro "$source" /var/www/fusionpbx
[ -d "$install" ] && cp -r "$install" /mnt/install
mount -t tmpfs tmpfs /run && mkdir -p /run/php
mount -t tmpfs tmpfs /var/log && mkdir /var/log/nginx
mount -t tmpfs tmpfs /var/cache && mkdir -m 777 /var/cache/fusionpbx

sed -e 's/{database_host}/127.0.0.1/; s/{database_name}/fusionpbx/; s/{database_username}/fusionpbx/; s/{database_password}/fusionpbx/' \
  -e 's,^switch.scripts.dir.*,switch.scripts.dir = /mnt/freeswitch/scripts,; s,^switch.conf.dir.*,switch.conf.dir = /mnt/freeswitch,' /mnt/install/fusionpbx/config.conf >/etc/fusionpbx/config.conf
mkdir -p /mnt/freeswitch/scripts /mnt/freeswitch/languages && mkdir -m 1777 /mnt/tmp
upgrade() { php -d sys_temp_dir=/mnt/tmp "core/upgrade/$1" "${@:2}" >/mnt/upgrade.log 2>&1 || { cat /mnt/upgrade.log; return 1; }; }
cd /var/www/fusionpbx
upgrade upgrade_schema.php
psql -Xqc "INSERT INTO v_domains (domain_uuid, domain_name, domain_enabled) VALUES (gen_random_uuid(), 'pbx.example.com', true)"
upgrade upgrade.php --defaults
# Advanced, Default Settings, Provision: enabled
psql -Xqc "UPDATE v_default_settings SET default_setting_enabled = true WHERE default_setting_category = 'provision' AND default_setting_subcategory = 'enabled'"
rm -rf /var/cache/fusionpbx/*

printf '[global]\nerror_log = /mnt/fpm.log\n[www]\nuser = www-data\ngroup = www-data\nlisten = /run/php/fpm.sock\nlisten.owner = www-data\npm = static\npm.max_children = 4\n' >/mnt/fpm.conf
"php-fpm$version" -d sys_temp_dir=/mnt/tmp --fpm-config /mnt/fpm.conf
sed 's#unix:.*;#unix:/run/php/fpm.sock;#' /mnt/install/nginx/fusionpbx >/etc/nginx/sites-available/fusionpbx
rm -f /etc/nginx/sites-enabled/*
ln -s /etc/nginx/sites-available/fusionpbx /etc/nginx/sites-enabled/
nginx
cd "$here"
