#!/bin/sh
# Make an installed Debian the machine's: runs inside it, as root, once.
#
# $1 host name  $2 user  $3 units to mask, space separated
set -eu
echo "$1" > /etc/hostname
printf '127.0.0.1 localhost\n127.0.1.1 %s\n::1 localhost\n' "$1" > /etc/hosts
: > /etc/machine-id
useradd --create-home --uid 1000 --shell /bin/bash "$2"
install -d -m 700 -o "$2" -g "$2" "/home/$2/.ssh"

# Every machine brings its own host key and its user's public key when it starts.
rm -f /etc/ssh/ssh_host_*
cat > /etc/ssh/sshd_config.d/machine.conf <<CONF
HostKey /etc/ssh/ssh_host_ed25519_key
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin no
AllowUsers $2
UseDNS no
PerSourcePenalties no
PrintMotd no
LogLevel VERBOSE
CONF
for unit in $3; do
    ln -sf /dev/null "/etc/systemd/system/$unit"
done
rm -f /etc/systemd/system/*.wants/sshd-keygen.service

# The application's place; the space is Hera's own.
install -d -m 755 -o "$2" -g "$2" "/data/ATUM DESK" "/data/ATUM DESK/atum-desk" \
    /opt/atum-desk /opt/atum-desk/data

# Other software that listens on Hera too and is no part of the contract.
cat > /etc/systemd/system/neighbours.service <<'UNIT'
[Unit]
Description=Other software on this host
[Service]
DynamicUser=yes
ExecStart=/usr/bin/python3 -c "import signal, socket; \
held = [socket.create_server(('', port)) for port in (9090, 9116, 1883)]; signal.pause()"
[Install]
WantedBy=multi-user.target
UNIT
systemctl enable neighbours.service

# Nothing of the mirror the packages came from stays.
rm -rf /etc/apt/sources.list /etc/apt/sources.list.d/* /etc/apt/apt.conf.d/99mmdebstrap \
    /var/cache/apt/*.bin /var/lib/apt/lists/*

# Newer than /usr: systemd need not update anything at the first boot.
touch /etc/.updated /var/.updated
