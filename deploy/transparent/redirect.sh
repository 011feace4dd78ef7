#!/bin/sh
# Redirect this network namespace's connections to port 443 to candela, but for candela's own. Needs root (NET_ADMIN).
#
#   redirect.sh on USER PORT     USER: name or id of candela's own user; PORT: that of `candela serve --transparent`
#   redirect.sh off
#
# It uses nftables, or iptables where there is no nft. Loopback addresses are left alone.
set -eu

usage() {
  sed -n '2,7s/^# \{0,1\}//p' "$0" >&2
  exit 2
}

off() {
  if command -v nft >/dev/null; then
    nft delete table inet candela 2>/dev/null || true
    return
  fi
  for tables in iptables ip6tables; do
    command -v "$tables" >/dev/null || continue
    "$tables" -t nat -D OUTPUT -p tcp --dport 443 -j CANDELA 2>/dev/null || true
    "$tables" -t nat -F CANDELA 2>/dev/null || true
    "$tables" -t nat -X CANDELA 2>/dev/null || true
  done
}

with_nft() {
  nft -f - <<RULES
table inet candela {
  chain output {
    type nat hook output priority -100; policy accept;
    meta skuid $1 return
    ip daddr 127.0.0.0/8 return
    ip6 daddr ::1 return
    tcp dport 443 redirect to :$2
  }
}
RULES
}

with_iptables() {
  for tables in iptables ip6tables; do
    case $tables in
      iptables) loopback=127.0.0.0/8 ;;
      *) loopback=::1 ;;
    esac
    if ! command -v "$tables" >/dev/null || ! "$tables" -t nat -N CANDELA 2>/dev/null; then
      [ "$tables" = ip6tables ] || { echo "redirect.sh: $tables can't make a chain in the nat table" >&2; exit 1; }
      continue # A kernel without NAT for IPv6.
    fi
    "$tables" -t nat -A CANDELA -m owner --uid-owner "$1" -j RETURN
    "$tables" -t nat -A CANDELA -d "$loopback" -j RETURN
    "$tables" -t nat -A CANDELA -p tcp -j REDIRECT --to-ports "$2"
    "$tables" -t nat -A OUTPUT -p tcp --dport 443 -j CANDELA
  done
}

case ${1-} in
  on)
    [ $# = 3 ] || usage
    user=$(id -u "$2" 2>/dev/null) || user=$2
    case $user$3 in *[!0-9]*) usage ;; esac
    off
    if command -v nft >/dev/null; then with_nft "$user" "$3"; else with_iptables "$user" "$3"; fi
    ;;
  off) off ;;
  *) usage ;;
esac
