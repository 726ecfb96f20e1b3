# lib-cluster.sh: a RabbitMQ cluster of three nodes of one's own, started by
# hand on loopback, for scripts/cluster-demo and its test. POSIX sh; source
# lib-rabbit.sh first, whose helpers it uses.
#
#	cluster_start DIR	starts epmd and nodes 1 to 3 in DIR, and waits
#				until they are one cluster
#	cluster_kill N		SIGKILL: what a crash is like
#	cluster_restart N	brings a killed node back, with what it had
#	cluster_online N...	waits until just these are running, as each of
#				them sees it
#	cluster_ctl N WORDS...	rabbitmqctl of node N
#	cluster_stop		ends everything, by pid
#
# CLUSTER_URIS has the three URIs, one a line; CLUSTER_PORT_N a node's port.
# shellcheck shell=sh disable=SC2034,SC2154

CLUSTER_DIR=
CLUSTER_URIS=
cluster_epmd=

# Runs a command of RabbitMQ's as node N, in its environment and no other.
cluster_env() {
	cluster_n=$1
	shift
	cluster_d=$CLUSTER_DIR/$cluster_n
	read -r cluster_port cluster_dist <"$cluster_d/ports"
	env -i PATH="$PATH:/usr/sbin:/sbin" LC_ALL=C.UTF-8 \
	    HOME="$CLUSTER_DIR" TMPDIR="${TMPDIR:-/tmp}" \
	    ERL_EPMD_ADDRESS=127.0.0.1 ERL_EPMD_PORT="$cluster_epmd_port" \
	    RABBITMQ_NODENAME="r$cluster_n@localhost" \
	    RABBITMQ_NODE_IP_ADDRESS=127.0.0.1 \
	    RABBITMQ_NODE_PORT="$cluster_port" \
	    RABBITMQ_DIST_PORT="$cluster_dist" \
	    RABBITMQ_MNESIA_BASE="$cluster_d/mnesia" \
	    RABBITMQ_LOG_BASE="$cluster_d/log" \
	    RABBITMQ_SCHEMA_DIR="$cluster_d/schema" \
	    RABBITMQ_PID_FILE="$cluster_d/pid" \
	    RABBITMQ_ENABLED_PLUGINS_FILE="$cluster_d/enabled_plugins" \
	    RABBITMQ_CONF_ENV_FILE="$cluster_d/rabbitmq-env.conf" \
	    RABBITMQ_CONFIG_FILE="$cluster_d/rabbitmq" \
	    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="-kernel inet_dist_use_interface {127,0,0,1}" \
	    "$@"
}

cluster_ctl() {
	cluster_who=$1
	shift
	cluster_env "$cluster_who" "$rabbit_b/rabbitmqctl" -q "$@"
}

# A cookie nobody else knows: whoever has it may do anything with the nodes.
cluster_cookie() {
	(umask 077 && perl -e 'open my $r, "<", "/dev/urandom" or die;
	    read $r, my $b, 16; print unpack("H*", $b)' \
	    >"$CLUSTER_DIR/.erlang.cookie") || return 1
	chmod 400 "$CLUSTER_DIR/.erlang.cookie"
}

cluster_configure() {
	mkdir -p "$CLUSTER_DIR/$1/schema" || return 1
	echo "$2 $3" >"$CLUSTER_DIR/$1/ports"
	echo '[].' >"$CLUSTER_DIR/$1/enabled_plugins"
	: >"$CLUSTER_DIR/$1/rabbitmq-env.conf"
	cat >"$CLUSTER_DIR/$1/rabbitmq.conf" <<-X
		cluster_formation.peer_discovery_backend = classic_config
		cluster_formation.classic_config.nodes.1 = r1@localhost
		cluster_formation.classic_config.nodes.2 = r2@localhost
		cluster_formation.classic_config.nodes.3 = r3@localhost
		cluster_partition_handling = pause_minority
		disk_free_limit.absolute = 1MB
		raft.wal_max_size_bytes = 16000000
		log.file.level = warning
	X
}

cluster_boot() {
	rm -f "$CLUSTER_DIR/$1/pid"
	cluster_env "$1" "$rabbit_b/rabbitmq-server" \
	    >>"$CLUSTER_DIR/$1/out" 2>&1 </dev/null &
	echo $! >"$CLUSTER_DIR/$1/script"
}

# Node N listens, which is the last thing it does.
cluster_wait() {
	cluster_d=$CLUSTER_DIR/$1
	read -r cluster_port cluster_dist <"$cluster_d/ports"
	cluster_tries=0
	until [ -s "$cluster_d/pid" ] && rabbit_listens "$cluster_port"; do
		cluster_tries=$((cluster_tries + 1))
		[ "$cluster_tries" -le 1800 ] &&
		    kill -0 "$(cat "$cluster_d/script")" 2>/dev/null || {
			rabbit_say "node $1 did not start:" \
			    "$(tail -n 20 "$cluster_d/out")"
			return 1
		}
		sleep 0.1
	done
}

cluster_start() {
	mkdir -p "$1" && CLUSTER_DIR=$(cd "$1" && pwd) || return 1
	rabbit_bin && cluster_cookie || return 1
	# shellcheck disable=SC2046
	set -- $(rabbit_ports 7) || return 1
	cluster_epmd_port=$7
	CLUSTER_PORT_1=$1 CLUSTER_PORT_2=$2 CLUSTER_PORT_3=$3
	cluster_configure 1 "$1" "$4" && cluster_configure 2 "$2" "$5" &&
	    cluster_configure 3 "$3" "$6" || return 1
	CLUSTER_URIS=$(printf 'amqp://guest:guest@127.0.0.1:%s/%%2f\n' \
	    "$1" "$2" "$3")
	epmd -address 127.0.0.1 -port "$cluster_epmd_port" \
	    >>"$CLUSTER_DIR/epmd.log" 2>&1 </dev/null &
	cluster_epmd=$!
	for cluster_i in 1 2 3; do
		cluster_boot "$cluster_i"
	done
	for cluster_i in 1 2 3; do
		cluster_wait "$cluster_i" || return 1
	done
	cluster_online 1 2 3
}

cluster_restart() {
	cluster_boot "$1" && cluster_wait "$1"
}

# The nodes that node N sees running, as "1 2 3".
cluster_seen() {
	cluster_ctl "$1" cluster_status --formatter json 2>/dev/null |
	    perl -0777 -ne '/"running_nodes":\[([^]]*)\]/ and
		print join(" ", sort $1 =~ /r([123])\@/g)'
}

cluster_online() {
	cluster_wanted="$*"
	cluster_tries=0
	for cluster_i; do
		until [ "$(cluster_seen "$cluster_i")" = "$cluster_wanted" ]; do
			cluster_tries=$((cluster_tries + 1))
			[ "$cluster_tries" -le 60 ] || {
				rabbit_say "node $cluster_i sees" \
				    "$(cluster_seen "$cluster_i")," \
				    "not $cluster_wanted"
				return 1
			}
			sleep 0.5
		done
	done
}

cluster_end() {
	[ -s "$CLUSTER_DIR/$2/script" ] || return 0
	cluster_p=$(cat "$CLUSTER_DIR/$2/pid" 2>/dev/null)
	[ -n "$cluster_p" ] || cluster_p=$(cat "$CLUSTER_DIR/$2/script")
	kill "-$1" "$cluster_p" 2>/dev/null
	cluster_tries=0
	while kill -0 "$cluster_p" 2>/dev/null; do
		cluster_tries=$((cluster_tries + 1))
		[ "$cluster_tries" -le 300 ] ||
		    kill -KILL "$cluster_p" 2>/dev/null
		sleep 0.1
	done
	wait "$(cat "$CLUSTER_DIR/$2/script")" 2>/dev/null
	rm -f "$CLUSTER_DIR/$2/script"
}

cluster_kill() {
	cluster_end KILL "$1"
}

cluster_stop() {
	[ -n "$CLUSTER_DIR" ] || return 0
	for cluster_i in 1 2 3; do
		cluster_end KILL "$cluster_i"
	done
	if [ -n "$cluster_epmd" ]; then
		kill "$cluster_epmd" 2>/dev/null
		wait "$cluster_epmd" 2>/dev/null
	fi
	cluster_epmd=
}
