# lib-rabbit.sh: a RabbitMQ node of one's own, started by hand on loopback,
# with its own epmd, cookie, ports and files, for tests, demo and bench. It
# needs no systemd, no configured broker, and root is as good as anybody.
# POSIX sh; needs nothing from lib.sh.
#
#	rabbit_start [DIR [PORT]]  starts it; again in the same DIR: restarts
#			it there, with its ports and messages. DIR is made;
#			$T/rabbit when not given. Sets AMQP_PORT, AMQP_URI,
#			RABBIT_PID (the beam), RABBIT_DIR.
#	rabbit_stop	ends node and epmd, by their pids
#	rabbit_kill	SIGKILL: what a crash is like
#	rabbit_ctl ...	rabbitmqctl for this node
#
# RABBIT_CONF may hold more lines of rabbitmq.conf. One node at a time in one
# shell.
# shellcheck shell=sh disable=SC2034

RABBIT_DIR=
RABBIT_PID=
RABBIT_EPMD=
AMQP_PORT=
AMQP_URI=

rabbit_say() {
	echo "rabbit: $*" >&2
}

# Ports that are free now, as many as wanted, all different.
rabbit_ports() {
	# Below those that the kernel gives to clients.
	perl -MIO::Socket::INET -e 'my (@s, $s);
	    while (@s < $ARGV[0]) {
		$s = IO::Socket::INET->new(LocalAddr => "127.0.0.1",
		    LocalPort => 10000 + int rand 22000, Listen => 1);
		push @s, $s if $s;
	    }
	    print join(" ", map { $_->sockport } @s)' "$1"
}

# The server's own script: what is in /usr/sbin changes to another user.
rabbit_bin() {
	for rabbit_b in /usr/lib/rabbitmq/bin \
	    /usr/lib/rabbitmq/lib/*/sbin; do
		[ -x "$rabbit_b/rabbitmq-server" ] && break
		rabbit_b=
	done
	[ -n "$rabbit_b" ] || {
		rabbit_say "no rabbitmq-server here"
		return 1
	}
}

# Runs a command of RabbitMQ's in the node's environment and no other.
rabbit_env() {
	env -i PATH="$PATH:/usr/sbin:/sbin" LC_ALL=C.UTF-8 \
	    HOME="$RABBIT_DIR" TMPDIR="${TMPDIR:-/tmp}" \
	    ERL_EPMD_ADDRESS=127.0.0.1 ERL_EPMD_PORT="$rabbit_epmd_port" \
	    RABBITMQ_NODENAME="smtpe@localhost" \
	    RABBITMQ_NODE_IP_ADDRESS=127.0.0.1 \
	    RABBITMQ_NODE_PORT="$AMQP_PORT" \
	    RABBITMQ_DIST_PORT="$rabbit_dist_port" \
	    RABBITMQ_MNESIA_BASE="$RABBIT_DIR/mnesia" \
	    RABBITMQ_LOG_BASE="$RABBIT_DIR/log" \
	    RABBITMQ_SCHEMA_DIR="$RABBIT_DIR/schema" \
	    RABBITMQ_PID_FILE="$RABBIT_DIR/pid" \
	    RABBITMQ_ENABLED_PLUGINS_FILE="$RABBIT_DIR/enabled_plugins" \
	    RABBITMQ_CONF_ENV_FILE="$RABBIT_DIR/rabbitmq-env.conf" \
	    RABBITMQ_CONFIG_FILE="$RABBIT_DIR/rabbitmq" \
	    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="-kernel inet_dist_use_interface {127,0,0,1}" \
	    "$@"
}

rabbit_configure() {
	mkdir -p "$RABBIT_DIR/schema" || return 1
	# shellcheck disable=SC2046
	set -- "$1" $(rabbit_ports 3) || return 1
	echo "${1:-$2} $3 $4" >"$RABBIT_DIR/ports"
	echo '[].' >"$RABBIT_DIR/enabled_plugins"
	: >"$RABBIT_DIR/rabbitmq-env.conf"
	cat >"$RABBIT_DIR/rabbitmq.conf" <<-X
		cluster_formation.peer_discovery_backend = classic_config
		disk_free_limit.absolute = 1MB
		raft.wal_max_size_bytes = 16000000
		log.file.level = warning
		${RABBIT_CONF-}
	X
	(umask 077 && perl -e 'open my $r, "<", "/dev/urandom" or die;
	    read $r, my $b, 16; print unpack("H*", $b)' \
	    >"$RABBIT_DIR/.erlang.cookie") || return 1
	chmod 400 "$RABBIT_DIR/.erlang.cookie"
}

# Does somebody listen on PORT? Looks, and does not connect.
rabbit_listens() {
	grep -Eq ":$(printf '%04X' "$1") [0-9A-F:]+ 0A" \
	    /proc/net/tcp /proc/net/tcp6 2>/dev/null
}

rabbit_start() {
	RABBIT_DIR=${1:-${T:?}/rabbit}
	mkdir -p "$RABBIT_DIR" && RABBIT_DIR=$(cd "$RABBIT_DIR" && pwd) ||
	    return 1
	rabbit_bin || return 1
	[ -f "$RABBIT_DIR/ports" ] || rabbit_configure "${2-}" || return 1
	read -r AMQP_PORT rabbit_dist_port rabbit_epmd_port \
	    <"$RABBIT_DIR/ports"
	AMQP_URI=amqp://guest:guest@127.0.0.1:$AMQP_PORT/%2f
	if [ -z "$RABBIT_EPMD" ]; then
		epmd -address 127.0.0.1 -port "$rabbit_epmd_port" \
		    >>"$RABBIT_DIR/epmd.log" 2>&1 </dev/null &
		RABBIT_EPMD=$!
	fi
	rm -f "$RABBIT_DIR/pid"
	rabbit_env "$rabbit_b/rabbitmq-server" \
	    >>"$RABBIT_DIR/out" 2>&1 </dev/null &
	rabbit_script=$!
	rabbit_wait || {
		rabbit_say "did not start: $(tail -n 20 "$RABBIT_DIR/out")"
		rabbit_stop
		return 1
	}
}

# The listener is the last thing a node opens.
rabbit_wait() {
	rabbit_n=0
	until [ -s "$RABBIT_DIR/pid" ] && rabbit_listens "$AMQP_PORT"; do
		rabbit_n=$((rabbit_n + 1))
		[ "$rabbit_n" -le 1200 ] || return 1
		kill -0 "$rabbit_script" 2>/dev/null || return 1
		sleep 0.1
	done
	RABBIT_PID=$(cat "$RABBIT_DIR/pid")
}

# The node's end is waited for, so that its directory can go. A stopped
# process takes its signal only when it is told to go on.
rabbit_end() {
	[ -n "$RABBIT_PID" ] || RABBIT_PID=$(cat "$RABBIT_DIR/pid" 2>/dev/null)
	[ -n "$RABBIT_PID" ] || RABBIT_PID=$rabbit_script
	kill "-$1" "$RABBIT_PID" 2>/dev/null
	kill -CONT "$RABBIT_PID" 2>/dev/null
	rabbit_n=0
	while kill -0 "$RABBIT_PID" 2>/dev/null; do
		rabbit_n=$((rabbit_n + 1))
		[ "$rabbit_n" -le 300 ] || kill -KILL "$RABBIT_PID" 2>/dev/null
		sleep 0.1
	done
	wait "$rabbit_script" 2>/dev/null
	RABBIT_PID=
}

rabbit_kill() {
	rabbit_end KILL
}

rabbit_stop() {
	[ -n "$RABBIT_DIR" ] || return 0
	rabbit_end TERM
	if [ -n "$RABBIT_EPMD" ]; then
		kill "$RABBIT_EPMD" 2>/dev/null
		wait "$RABBIT_EPMD" 2>/dev/null
	fi
	RABBIT_EPMD=
}

rabbit_ctl() {
	rabbit_env "$rabbit_b/rabbitmqctl" -q "$@"
}
