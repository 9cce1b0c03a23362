#!/bin/sh
# Installs the gateway of this checkout on Debian, or any other Linux with systemd 250 and Node 20.20: `npm install` as
# yourself, then this as root. Run both again to bring a newer checkout in. DESTDIR puts everything below another root.
set -eu
cd "$(dirname "$0")/../.."
root=${DESTDIR:-}

fail() {
  echo "install.sh: $1" >&2
  exit 1
}

[ -e dist/cli.js ] || fail 'there is no dist: run npm install first, as yourself'
command -v node >/dev/null || fail 'there is no node: see deploy/systemd/README.md'
node -e 'const [major, minor] = process.versions.node.split(".").map(Number); process.exit(major > 20 || (major === 20 && minor >= 20) ? 0 : 1)' ||
  fail "node is $(node --version), and must be 20.20 or newer: see deploy/systemd/README.md"
# The units hide home folders from the service: a Node that a user's version manager put there does not start.
case $(readlink -f "$(command -v node)") in
/home/* | /root/*) fail "$(command -v node) is in a home folder, which the service cannot see" ;;
esac

# npm links a folder that it is told to install; the service must not depend on where the checkout is.
packed=$(mktemp -d)
trap 'rm -rf "$packed"' EXIT
npm pack --silent --ignore-scripts --pack-destination "$packed" >/dev/null
npm install --global --prefix "$root/opt/bitdoh" --ignore-scripts --no-audit --no-fund --loglevel error "$packed"/bitdoh-*.tgz

install -d -m 755 "$root/etc/systemd/system"
install -m 644 deploy/systemd/bitdoh.service deploy/systemd/bitdoh@.service "$root/etc/systemd/system/"
install -d -m 700 "$root/etc/bitdoh"
[ -e "$root/etc/bitdoh/bitdoh.toml" ] || install -m 600 deploy/systemd/bitdoh.toml "$root/etc/bitdoh/"

if [ -z "$root" ] && [ -d /run/systemd/system ]; then systemctl daemon-reload; fi
echo "Installed. Settings: /etc/bitdoh/bitdoh.toml. Then: systemctl enable --now bitdoh"
