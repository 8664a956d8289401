# Make the lending library on a Debian that has PostgreSQL: run as root, in the folder of this file.
# READER, READER_PASSWORD, APP, OWNER, GATE, SECRET_KEY: logins of this run, and their passwords.
set -eu
useradd --system --home-dir /var/lib/library --shell /usr/sbin/nologin library
install -d /srv/library/releases/1.0 /etc/library /etc/library/tls
install -d -m 750 -o library -g library /var/lib/library /var/lib/library/covers
install -d -m 750 -o postgres -g postgres /var/backups/library
cp -r app/. migrations /srv/library/releases/1.0/
cp -r /srv/library/releases/1.0 /srv/library/releases/1.1
ln -sfn releases/1.0 /srv/library/current
python3 -m venv --copies --system-site-packages --without-pip /srv/library/venv

postgres() { runuser -u postgres -- psql -XqAt -v ON_ERROR_STOP=1 "$@"; }
postgres -f - postgres <<END
CREATE ROLE library_owner LOGIN PASSWORD '$OWNER';
CREATE ROLE library LOGIN PASSWORD '$APP';
CREATE ROLE library_gate LOGIN PASSWORD '$GATE';
GRANT pg_monitor, pg_read_all_data TO library_gate;
CREATE DATABASE library OWNER library_owner;
END
(cd /srv/library/current
 DATABASE_URL="postgresql://library_owner:$OWNER@127.0.0.1/library" alembic -q upgrade head)
postgres -f - library <<END
GRANT SELECT ON books TO library;
GRANT SELECT, INSERT, UPDATE ON loans TO library;
INSERT INTO books (title) SELECT 'Volume ' || n FROM generate_series(1, 12) AS n;
INSERT INTO loans (book, due) SELECT id, now() FROM books LIMIT 3;
END

printf 'DATABASE_URL=postgresql://library:%s@127.0.0.1/library\nSECRET_KEY=%s\nLISTEN=127.0.0.1\n' \
    "$APP" "$SECRET_KEY" >/etc/library/env
chgrp library /etc/library/env
chmod 640 /etc/library/env
printf '%s:%s\n' "$READER" "$(openssl passwd -apr1 "$READER_PASSWORD")" >/etc/library/readers
chgrp www-data /etc/library/readers
chmod 640 /etc/library/readers
printf %s:%s "$READER" "$READER_PASSWORD" >/root/library-reader
openssl req -x509 -newkey rsa:2048 -nodes -keyout /root/library-ca.key -out /etc/library/tls/ca.pem \
    -days 3650 -subj "/CN=Library CA" -addext keyUsage=critical,keyCertSign,cRLSign 2>/dev/null
install -m 755 etc/issue /usr/local/sbin/library-issue
library-issue library.example.org "$(date -u +%Y%m%d000000Z)" "$(date -u -d +90days +%Y%m%d000000Z)"

# A package of the library's own, in two versions.
for version in 1.1 1.2; do
    mkdir -p "covers-$version/DEBIAN" "covers-$version/usr/share/library"
    echo "$version" >"covers-$version/usr/share/library/covers"
    printf 'Package: library-covers\nVersion: %s\nArchitecture: all\nMaintainer: Library <library@example.org>\nDescription: Covers\n' \
        "$version" >"covers-$version/DEBIAN/control"
    dpkg-deb -b "covers-$version" "/root/library-covers_$version.deb" >/dev/null
done
dpkg -i /root/library-covers_1.2.deb >/dev/null
echo library-covers hold | dpkg --set-selections

install -m 644 etc/library.service etc/library-backup.service etc/library-backup.timer /etc/systemd/system/
install -m 644 etc/library.conf /etc/nginx/conf.d/library.conf
rm -f /etc/nginx/sites-enabled/default
systemctl daemon-reload
systemctl enable -q --now library.service library-backup.timer
systemctl start library-backup.service
systemctl enable -q nginx
systemctl restart nginx
nft -f etc/library.nft
timeout 10 sh -c 'until curl -sf http://127.0.0.1:8600/ >/dev/null; do sleep 0.1; done'
