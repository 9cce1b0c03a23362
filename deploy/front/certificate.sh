#!/bin/sh
# Gets or renews the certificate of a host name that many hosts share, by ACME's DNS-01: each host has a key of its own,
# and none of them has to be reachable. With lego (Debian's package, 4.9 or newer). From the environment:
#   DOH_HOST         the host name that clients use
#   DOH_OWN_HOST     a name of this host alone, such as fra1.doh.example. A CA issues the same set of names a few times a
#                    week only (Let's Encrypt: 5); with a name of its own each host's certificate is another set
#   DOH_ACME_EMAIL   where the CA writes to
#   DOH_DNS          lego's name for the DNS provider; its variables beside it (lego dnshelp)
#   DOH_CERTIFICATES where cert.pem, key.pem and both.pem go; /etc/bitdoh if not set
#   DOH_RELOAD       a command that is run after a new certificate, such as `systemctl restart bitdoh`
#   DOH_LEGO         more words for lego, such as --server URL
set -eu
target=${DOH_CERTIFICATES:-/etc/bitdoh}
store=${STATE_DIRECTORY:-/var/lib/bitdoh-certificate}

# shellcheck disable=SC2086 # DOH_LEGO is several words
run_lego() {
  lego --accept-tos --path "$store" --email "$DOH_ACME_EMAIL" --dns "$DOH_DNS" \
    --domains "$DOH_HOST" --domains "$DOH_OWN_HOST" ${DOH_LEGO:-} "$@"
}

if [ -e "$store/certificates/$DOH_HOST.key" ]; then
  run_lego renew --days 30 --no-random-sleep
else
  run_lego run
fi

cmp -s "$store/certificates/$DOH_HOST.crt" "$target/cert.pem" && exit 0
umask 077
mkdir -p "$target"
# Renamed into place: whoever reads meets a whole file. The key is first, for whoever reads it with the old certificate
# keeps what it had until both fit.
cp "$store/certificates/$DOH_HOST.key" "$target/key.pem.new"
cp "$store/certificates/$DOH_HOST.crt" "$target/cert.pem.new"
cat "$target/cert.pem.new" "$target/key.pem.new" >"$target/both.pem.new"
for name in key cert both; do mv "$target/$name.pem.new" "$target/$name.pem"; done
if [ -n "${DOH_RELOAD:-}" ]; then sh -c "$DOH_RELOAD"; fi
