#!/bin/sh
# Put the application on the machine and seed its database: runs inside the image, as root, once.
#
# $1 folder that was lent: desk/ own/ seed, database.sql and, to be filled, out/
# $2 the application's folder  $3 the stand-ins' folder  $4 the owner  $5 version of the cluster
set -eu
lent=$1 desk=$2 own=$3 user=$4 cluster=$5

cp -r --no-dereference "$lent/desk/." "$desk/"
chmod 750 "$desk/data/uploads"
chmod 600 "$desk/api/.env"
chown -hR "$user:$user" "$desk/api" "$desk/data" "$desk/infra"
install -d "$own"
cp -r "$lent/own/." "$own/"
install -m 755 "$own/ollama" "$own/desk-outside" /usr/bin/
install -m 666 /dev/null /var/log/desk-outside.jsonl

for file in "$desk"/infra/systemd/*; do
    unit=${file##*/}
    install -m 644 "$file" "/etc/systemd/system/$unit"
    systemctl enable "$unit"
done

settings="/etc/postgresql/$cluster/main/conf.d"
printf '%s = off\n' fsync synchronous_commit full_page_writes > "$settings/throwaway.conf"
postgres() { runuser --user postgres -- "$@"; }
pg_ctlcluster "$cluster" main start
trap 'pg_ctlcluster --mode fast "$cluster" main stop' EXIT
postgres psql --quiet --no-psqlrc --set ON_ERROR_STOP=1 postgres < "$lent/database.sql"
set -a
. "$desk/api/.env"
. "$lent/seed"
export HOME="/home/$user"
set +a
cd "$desk/api"
runuser --user "$user" --preserve-environment -- .venv/bin/python -m app.setup > "$lent/out/seed.json"
unset PYTHONDONTWRITEBYTECODE
runuser --user "$user" -- "$desk/venv/bin/python" -m compileall -q "$desk/api"
/usr/bin/python3 -m compileall -q "$own"
