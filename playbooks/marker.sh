#!/bin/sh
# Written by accolades, replaced by its next `apply`. Every night, before the backups, this machine writes down what it is:
# the time, a nonce that nobody could guess, and of every app how many files and rows it has. A restored copy is asked for
# it. What cannot be counted is null: not knowing is not zero. The file is replaced whole; only root can read it.
set -eu
umask 077
folder=/var/lib/accolades
mkdir -p -m 700 "$folder"
new=$folder/marker.json.new
work=$folder/marker.rows
at=$(date -u +%Y-%m-%dT%H:%M:%SZ)
nonce=$(head -c 32 /dev/urandom | sha256sum | cut -c 1-32)
printf '{"version":1,"at":"%s","nonce":"%s","apps":{' "$at" "$nonce" > "$new"
comma=
for app in $(ls /etc/yunohost/apps); do
  settings=/etc/yunohost/apps/$app/settings.yml
  if test -f "$settings"; then
    data=$(sed -n 's/^data_dir: *//p' "$settings")
    database=$(sed -n 's/^db_name: *//p' "$settings")
    version=$(sed -n 's/^version *= *"\(.*\)"$/\1/p' "/etc/yunohost/apps/$app/manifest.toml" | head -n 1)
    files=null
    if test -n "$data"; then
      if find "$data" -type f > "$work"; then files=$(wc -l < "$work"); fi
    fi
    # One row of output for each row of each table: exact, where the server's own statistics only guess.
    rows=null
    if test -n "$database"; then
      if mysql -N -B "$database" -e 'SHOW TABLES' > "$work.tables"; then
        sed 's/.*/SELECT 1 FROM `&`;/' "$work.tables" > "$work.sql"
        if mysql -N -B "$database" < "$work.sql" > "$work"; then rows=$(wc -l < "$work"); fi
      fi
    fi
    printf '%s"%s":{"files":%s,"rows":%s,"app_version":"%s"}' "$comma" "$app" "$files" "$rows" "$version" >> "$new"
    comma=,
  fi
done
debian=$(cat /etc/debian_version)
yunohost=$(dpkg-query -W '-f=${Version}' yunohost)
printf '},"system":{"debian":"%s","yunohost":"%s"}}\n' "$debian" "$yunohost" >> "$new"
rm -f "$work" "$work.tables" "$work.sql"
sync
# A restored copy whose next night has passed meanwhile writes a new one as soon as it starts: what it was saved with stays
# beside it.
if test -f "$folder/marker.json"; then
  cp -p "$folder/marker.json" "$folder/marker.before.new"
  mv "$folder/marker.before.new" "$folder/marker.before.json"
fi
mv "$new" "$folder/marker.json"
