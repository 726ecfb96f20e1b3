# debian.sh: what scripts/demo and scripts/check need from Debian's packages.
#
#	. scripts/debian.sh
#	install_packages "$packages_build $packages_demo"
#
# Only what is missing is installed, quietly and without a question, and
# nothing that comes with it is started, then or at the next boot. Nothing is
# removed: what conflicts with something that is there (another mail server
# with postfix) is left out, and $not_installed names it.
#
# Uses the traps of EXIT, INT, TERM and HUP for itself while it installs.
# shellcheck shell=sh disable=SC2034

packages_build="make gcc libc6-dev pkg-config liblua5.4-dev libbearssl-dev
libcrypt-dev libc-ares-dev libcdb-dev librabbitmq-dev libssl-dev"
packages_musl="musl-tools dpkg-dev"
packages_demo="ucspi-tcp swaks"
packages_amqp="rabbitmq-server"
packages_test="perl python3 tinycdb ucspi-tcp swaks postfix rabbitmq-server
openbsd-inetd ipsvd systemd strace procps file e2fsprogs mount util-linux lua5.4
openssl mandoc shellcheck knot bsdextrautils gnutls-bin sslscan
libnet-ssleay-perl msmtp curl gsasl"
packages_cluster="ucspi-tcp postfix python3 python3-pika perl"
packages_full="clang python3-pika testssl.sh"

policy=/usr/sbin/policy-rc.d
not_installed=
installed_anything=

# As root, or by sudo.
as_root()
{
	if [ "$(id -u)" = 0 ]; then
		"$@"
	else
		sudo "$@"
	fi
}

can_be_root()
{
	[ "$(id -u)" = 0 ] || command -v sudo >/dev/null 2>&1
}

package_there()
{
	dpkg-query -W -f '${Status}\n' "$1" 2>/dev/null |
	    grep -q ' installed$'
}

# With policy-rc.d saying no, maintainer scripts start nothing. One that is
# there already is put back afterwards; a run that was killed is made good by
# the next.
services_hold()
{
	services_release
	if [ -e "$policy" ]; then
		as_root mv "$policy" "$policy.before-smtpe" || return 1
	fi
	printf '#!/bin/sh\n# from smtpe\nexit 101\n' |
	    as_root tee "$policy" >/dev/null || return 1
	as_root chmod 755 "$policy"
}

services_release()
{
	if grep -q '^# from smtpe$' "$policy" 2>/dev/null; then
		as_root rm -f "$policy"
	fi
	if [ -e "$policy.before-smtpe" ]; then
		as_root mv "$policy.before-smtpe" "$policy"
	fi
}

# run_apt WORDS...: apt-get without questions; its talk goes to $apt_log.
run_apt()
{
	as_root env DEBIAN_FRONTEND=noninteractive LC_ALL=C \
	    apt-get -q -y -o DPkg::Lock::Timeout=600 \
	    -o Dpkg::Options::=--force-confold -o Dpkg::Use-Pty=0 \
	    "$@" </dev/null >>"$apt_log" 2>&1
}

apt_install()
{
	run_apt install --no-install-recommends --no-remove "$@"
}

# A daemon that came with us is not to run at the next boot either; where
# there is no systemd yet, the links that wait for one go.
services_disable()
{
	units=
	for p in $missing; do
		case $p in
		postfix | openbsd-inetd | knot) units="$units $p.service" ;;
		rabbitmq-server)
			units="$units $p.service epmd.service epmd.socket" ;;
		esac
	done
	for u in $units; do
		if command -v systemctl >/dev/null 2>&1; then
			as_root systemctl --no-reload disable "$u"
		elif command -v deb-systemd-helper >/dev/null 2>&1; then
			as_root env DPKG_MAINTSCRIPT_PACKAGE="${u%.*}" \
			    deb-systemd-helper disable "$u"
		fi >>"$apt_log" 2>&1 || :
	done
}

# install_packages "NAME...": 0 when all of them are there now.
install_packages()
{
	missing=
	for p in $1; do
		package_there "$p" || missing="$missing $p"
	done
	not_installed=
	[ -n "$missing" ] || return 0
	if ! command -v apt-get >/dev/null 2>&1 || ! can_be_root; then
		not_installed=$missing
		return 1
	fi
	echo "installing:$missing"
	apt_log=$(mktemp "${TMPDIR:-/tmp}/smtpe-apt.XXXXXX") || return 1
	installed_anything=1
	trap services_release EXIT
	trap 'exit 130' INT TERM HUP
	services_hold || return 1
	case " $missing " in
	*" postfix "*)
		echo "postfix postfix/main_mailer_type select No configuration" |
		    as_root debconf-set-selections >>"$apt_log" 2>&1 ;;
	esac
	run_apt update
	# shellcheck disable=SC2086 # a list
	apt_install $missing || for p in $missing; do
		apt_install "$p" || :
	done
	services_release
	trap - EXIT INT TERM HUP
	services_disable
	for p in $missing; do
		package_there "$p" || not_installed="$not_installed $p"
	done
	if [ -n "$not_installed" ]; then
		echo "not installed:$not_installed ($apt_log)" >&2
		return 1
	fi
	rm -f "$apt_log"
}

# What cannot be installed beside what is there (two programs of one name) is
# unpacked into a directory, for tests alone.
packages_beside="ucspi-tcp-ipv6 xinetd"

# unpack_packages "NAME..." DIRECTORY: what cannot be had is left out.
unpack_packages()
{
	command -v apt-get >/dev/null 2>&1 || return 0
	mkdir -p "$2" || return 1
	for p in $1; do
		[ ! -d "$2/$p" ] || continue
		(
			work=$(cd "$2" && mktemp -d "$PWD/.work.XXXXXX") || exit 1
			trap 'rm -rf "$work"' EXIT
			cd "$work" && LC_ALL=C apt-get -q download "$p" \
			    </dev/null >/dev/null 2>&1 &&
			    dpkg-deb -x ./*.deb files &&
			    mv files "../$p"
		) || echo "not unpacked: $p" >&2
	done
}
