#!/usr/bin/env bash
# Installs the Debian packages that are missing. Quick and silent when none is.
set -euo pipefail

need() { echo "vedette needs $1" >&2; exit 1; }
command -v cargo >/dev/null || need "Rust (cargo): see https://rustup.rs"
command -v node >/dev/null || need "Node.js 20.19 or newer"
node -e 'const [a,b]=process.versions.node.split(".").map(Number); process.exit(a>20||(a===20&&b>=19)?0:1)' \
  || need "Node.js 20.19 or newer; this is $(node --version)"

packages=(
  gcc libc6-dev make                                   # to build: mimalloc and SQLite are C
  ffmpeg                                               # simulated pictures, and a judge of the tests
  chromium fonts-noto-core                             # the console's tests, in both scripts
  python3-gi gir1.2-gst-rtsp-server-1.0                # a camera that we did not write
  gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad
  gstreamer1.0-plugins-ugly gstreamer1.0-libav gstreamer1.0-rtsp gstreamer1.0-tools gstreamer1.0-x
  mpv                                                  # a player of RTSP, as a judge
  curl                                                 # the client of the tests of TLS and HTTP/2
  faketime                                             # clocks that the tests set back and forward
  prometheus                                           # promtool, which checks our numbers
)
missing=()
installed=$(dpkg-query -W -f='${Package} ${db:Status-Status}\n' "${packages[@]}" 2>/dev/null || true)
for package in "${packages[@]}"; do
  grep -qx "$package installed" <<<"$installed" || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

echo "Installing: ${missing[*]}"
sudo=""; [ "$(id -u)" -eq 0 ] || sudo=sudo
export DEBIAN_FRONTEND=noninteractive
$sudo apt-get -o DPkg::Lock::Timeout=600 update -qq
# A package that brings a service must not start it.
policy=/usr/sbin/policy-rc.d
made=0
if [ ! -e "$policy" ]; then printf '#!/bin/sh\nexit 101\n' | $sudo tee "$policy" >/dev/null; $sudo chmod +x "$policy"; made=1; fi
trap '[ $made -eq 0 ] || $sudo rm -f "$policy"' EXIT
$sudo apt-get -o DPkg::Lock::Timeout=600 install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
