#!/bin/sh
# Enter the control groups, lay the overlay in this process's own mount name space (it goes when
# the last process goes, however that ends), and become systemd-nspawn.
#
# $1 folder with the mount point `root` and the overlay's `upper` and `work`; here goes `supervisor`
# $2 lower layers, colon separated, topmost first
# $3 how many of the next arguments are files to write this process's id to; the rest is
#    systemd-nspawn's command line
set -eu
folder=$1 lowers=$2 count=$3
shift 3
echo $$ > "$folder/supervisor.new"
mv "$folder/supervisor.new" "$folder/supervisor"
while [ "$count" -gt 0 ]; do
    echo $$ > "$1"
    shift
    count=$((count - 1))
done
mount -t overlay overlay -o "lowerdir=$lowers,upperdir=$folder/upper,workdir=$folder/work" "$folder/root"
exec systemd-nspawn --directory="$folder/root" "$@"
