#!/bin/sh
# Installs the Debian packages that some tests talk to. Does nothing when they are there, or without root and apt-get;
# what is missing then, its tests report.

# The browser without windows takes half the processor time. Ubuntu does not have it.
browser=chromium-headless-shell
apt-cache show "$browser" >/dev/null 2>&1 || [ ! -x /usr/bin/chromium ] || browser=chromium
packages="python3-msal python3-gssapi krb5-kdc krb5-admin-server krb5-user tinyproxy redis-server redis-tools $browser dbus-bin dbus-daemon gnome-keyring libsecret-1-0"

missing=""
for package in $packages; do
  dpkg-query --show --showformat='${Status}' "$package" 2>/dev/null | grep -q "install ok installed" ||
    missing="$missing $package"
done
[ -n "$missing" ] || exit 0
command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ] || exit 0

export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086
install() { apt-get install --quiet --quiet --yes --no-install-recommends $missing </dev/null >/dev/null 2>&1; }
# The package lists of a fresh machine are absent or old.
install || { apt-get update --quiet --quiet </dev/null >/dev/null 2>&1; install; } ||
  { missing=$(echo "$missing" | sed s/chromium-headless-shell/chromium/); install; } ||
  echo "install-services: could not install$missing" >&2
exit 0
