#!/bin/sh
# Make the application's virtual environment: runs inside the image, as root, once.
#
# $1 its folder  $2 its owner; the rest are requirements as pip takes them
set -eu
venv=$1 owner=$2
shift 2
python3 -m venv "$venv"
"$venv/bin/python" -m pip install --quiet --only-binary=:all: "$@"
chown -R "$owner:$owner" "$venv"
