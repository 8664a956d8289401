# Take the lending library away, as far as it is there: run as root.
nft delete table inet library 2>/dev/null || :
systemctl -q disable --now library.service library-backup.timer 2>/dev/null || :
rm -rf /etc/systemd/system/library* /etc/nginx/conf.d/library.conf
systemctl daemon-reload
systemctl restart nginx || :
for name in 'DATABASE IF EXISTS library WITH (FORCE)' 'ROLE IF EXISTS library' \
    'ROLE IF EXISTS library_owner' 'ROLE IF EXISTS library_gate'; do
    runuser -u postgres -- psql -XqAt -c "DROP $name" postgres || :
done
dpkg -P --force-hold library-covers >/dev/null 2>&1 || :
userdel library 2>/dev/null || :
rm -rf /srv/library /etc/library /var/lib/library /var/backups/library /usr/local/sbin/library-issue /root/library-* /var/tmp/library
