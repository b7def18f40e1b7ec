#!/bin/sh
# Written by accolades, replaced by its next `apply`. Every ten minutes this machine writes down whether its services run and
# its applications answer on the loopback. It is read from outside through the guest agent, which runs nothing. The file is
# replaced whole; only root can read it. It lies in memory: after a restart there is none until this program ran.
set -eu
umask 077
folder=/run/accolades
mkdir -p -m 700 "$folder"
new=$folder/services.json.new
page=$folder/services.page
at=$(date -u +%Y-%m-%dT%H:%M:%SZ)
printf '{"version":1,"at":"%s","units":{' "$at" > "$new"
comma=
for unit in nginx mariadb slapd postfix dovecot; do
  state=$(systemctl is-active "$unit" || true)
  printf '%s"%s":"%s"' "$comma" "$unit" "$state" >> "$new"
  comma=,
done
printf '},"apps":{' >> "$new"
comma=
for app in $(ls /etc/yunohost/apps); do
  settings=/etc/yunohost/apps/$app/settings.yml
  kind=$(printf '%s\n' "$app" | sed 's/__.*//')
  ask=
  if test "$kind" = nextcloud; then ask=/status.php; fi
  if test "$kind" = dolibarr; then ask=/api/index.php/status; fi
  if test -n "$ask"; then
    domain=$(sed -n 's/^domain: *//p' "$settings")
    path=$(sed -n 's/^path: *//p' "$settings" | sed 's,/$,,')
    rm -f "$page"
    # The certificate is not judged here: what it is worth shows from outside only.
    status=$(curl -s -k -m 30 --resolve "$domain:443:127.0.0.1" -o "$page" -w '%{http_code}' "https://$domain$path$ask" || true)
    answer="HTTP $status"
    if test -f "$page"; then
      if test "$kind" = nextcloud; then
        if grep -q '"maintenance":true' "$page"; then
          answer=maintenance
        elif grep -q '"needsDbUpgrade":true' "$page"; then
          answer='its database waits for an upgrade'
        elif test "$status" = 200; then
          if grep -q '"installed":true' "$page"; then answer=ok; fi
        fi
      # Its interface refuses whoever has no key, which takes its programs and its database.
      elif test "$status" = 401; then
        if grep -q Unauthorized "$page"; then answer=ok; fi
      elif test "$status" = 200; then
        if grep -q success "$page"; then answer=ok; fi
      fi
    fi
    printf '%s"%s":{"domain":"%s","path":"%s","answer":"%s"}' "$comma" "$app" "$domain" "$path" "$answer" >> "$new"
    comma=,
  fi
done
printf '}}\n' >> "$new"
rm -f "$page"
mv "$new" "$folder/services.json"
