#!/bin/sh
# local.sh - Apache Kafka and Redis on loopback, without Docker.
#
#   local.sh up [--brokers N] [--redis]   start (default: one broker, no Redis)
#   local.sh status                       what runs, and where
#   local.sh down [--purge]               stop; --purge removes the data too
#
# Kafka comes from Maven Central (126 MB, once), needs Java 17 and mvn, and runs
# in KRaft mode with combined roles. Redis is the system's redis-server, with an
# append-only file. DROVER_KAFKA_HOME keeps the jars (default ~/.cache/drover/kafka),
# DROVER_KAFKA_RUN data, logs and pids (default $DROVER_KAFKA_HOME/run).
# DROVER_KAFKA_PORT is the first broker's port (default 9092; controllers +100,
# between brokers +80),
# DROVER_REDIS_PORT Redis' (default 6379). DROVER_KAFKA_EXTRA names a file whose
# lines are added to every broker's properties, DROVER_KAFKA_FORMAT is added to
# the storage tool's arguments, DROVER_KAFKA_TIER=4 turns the optimising compiler
# on (for benchmarks). DROVER_KAFKA_PROXIED=N tells clients to come by ports that
# lie N above the brokers' own (where a proxy listens); brokers meet directly.
set -eu

version=4.3.1
home=${DROVER_KAFKA_HOME:-$HOME/.cache/drover/kafka}
run=${DROVER_KAFKA_RUN:-$home/run}
libs=$home/libs-$version
port=${DROVER_KAFKA_PORT:-9092}
redis_port=${DROVER_REDIS_PORT:-6379}

say() { echo "local.sh: $*" >&2; }
die() { say "$*"; exit 1; }

fetch() {
	[ -e "$libs/.complete" ] && return
	command -v java >/dev/null || die "no java: install a JRE 17 (Debian: openjdk-17-jre-headless)"
	command -v mvn >/dev/null || die "no mvn: install Maven (Debian: maven)"
	mkdir -p "$libs"
	cat >"$home/pom.xml" <<POM
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>drover</groupId><artifactId>kafka</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>$version</version></dependency>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka-tools</artifactId><version>$version</version></dependency>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka-streams</artifactId><version>$version</version></dependency>
    <dependency><groupId>org.apache.logging.log4j</groupId><artifactId>log4j-slf4j-impl</artifactId><version>2.25.4</version></dependency>
  </dependencies>
</project>
POM
	say "fetching Kafka $version from Maven Central"
	mvn -B -q -f "$home/pom.xml" dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$libs" </dev/null >&2
	touch "$libs/.complete"
}

# properties N COUNT - one broker's configuration on stdout.
properties() {
	voters= voter=1
	while [ $voter -le "$2" ]; do
		voters="$voters${voters:+,}$voter@127.0.0.1:$((port + 99 + voter))"
		voter=$((voter + 1))
	done
	replicas=$2 insync=1
	[ "$replicas" -gt 3 ] && replicas=3
	[ "$replicas" -ge 3 ] && insync=2
	own=$((port + $1 - 1)) between=$((port + 79 + $1))
	cat <<PROPERTIES
process.roles=broker,controller
node.id=$1
controller.quorum.voters=$voters
listeners=CLIENT://127.0.0.1:$own,BROKER://127.0.0.1:$between,CONTROLLER://127.0.0.1:$((port + 99 + $1))
advertised.listeners=CLIENT://127.0.0.1:$((own + ${DROVER_KAFKA_PROXIED:-0})),BROKER://127.0.0.1:$between
controller.listener.names=CONTROLLER
inter.broker.listener.name=BROKER
listener.security.protocol.map=CLIENT:PLAINTEXT,BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs=$run/broker-$1/data
num.partitions=3
default.replication.factor=$replicas
min.insync.replicas=$insync
offsets.topic.replication.factor=$replicas
offsets.topic.num.partitions=8
transaction.state.log.replication.factor=$replicas
transaction.state.log.min.isr=$insync
transaction.state.log.num.partitions=8
share.coordinator.state.topic.replication.factor=$replicas
share.coordinator.state.topic.min.isr=$insync
group.initial.rebalance.delay.ms=0
group.consumer.session.timeout.ms=10000
group.consumer.heartbeat.interval.ms=1000
group.consumer.min.session.timeout.ms=6000
group.consumer.min.heartbeat.interval.ms=500
group.min.session.timeout.ms=6000
transaction.abort.timed.out.transaction.cleanup.interval.ms=2000
broker.session.timeout.ms=6000
initial.broker.registration.timeout.ms=300000
controller.quorum.election.timeout.ms=3000
controller.quorum.fetch.timeout.ms=6000
controller.quorum.request.timeout.ms=10000
auto.create.topics.enable=false
message.max.bytes=4259840
replica.fetch.max.bytes=4259840
PROPERTIES
	[ -z "${DROVER_KAFKA_EXTRA:-}" ] || cat "$DROVER_KAFKA_EXTRA"
}

start_broker() { # N COUNT
	dir=$run/broker-$1
	mkdir -p "$dir/conf"
	properties "$1" "$2" >"$dir/conf/server.properties"
	cat >"$dir/conf/log4j2.properties" <<LOG
rootLogger.level=WARN
rootLogger.appenderRef.out.ref=out
appender.out.type=Console
appender.out.name=out
appender.out.layout.type=PatternLayout
appender.out.layout.pattern=%d %p %m (%c)%n
LOG
	if [ ! -e "$dir/data/meta.properties" ]; then
		# shellcheck disable=SC2086 # the arguments are meant to split
		java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -cp "$dir/conf:$libs/*" kafka.tools.StorageTool format -t "$cluster" -c "$dir/conf/server.properties" ${DROVER_KAFKA_FORMAT:-} >"$dir/format.log" 2>&1 ||
			die "formatting failed: $(tail -3 "$dir/format.log")"
	fi
	# A broker of a test cluster lives for minutes: the first compiler is enough.
	heap=384m
	[ "$2" -eq 1 ] && heap=512m
	nohup java -Xmx$heap -XX:+UseSerialGC -XX:TieredStopAtLevel=${DROVER_KAFKA_TIER:-1} -cp "$dir/conf:$libs/*" kafka.Kafka "$dir/conf/server.properties" >>"$dir/out.log" 2>&1 </dev/null &
	echo $! >"$dir/pid"
}

# alive PIDFILE - a killed process that nobody has waited for yet is not.
alive() {
	[ -e "$1" ] && kill -0 "$(cat "$1")" 2>/dev/null && ! grep -qs ') Z ' "/proc/$(cat "$1")/stat"
}

# listening PORT - bash's /dev/tcp, for want of a tool that is everywhere
listening() { bash -c "exec 3<>/dev/tcp/127.0.0.1/$1" 2>/dev/null; }

up() {
	count=1 redis=
	while [ $# -gt 0 ]; do
		case $1 in
		--brokers) count=$2; shift 2 ;;
		--redis) redis=1; shift ;;
		*) die "unknown option $1" ;;
		esac
	done
	fetch
	mkdir -p "$run"
	# An argument must not begin with a dash, so neither does the name.
	[ -e "$run/cluster" ] || echo "D$(head -c 16 /dev/urandom | base64 | tr '+/' '-_' | cut -c2-22)" >"$run/cluster"
	cluster=$(cat "$run/cluster")
	i=1
	while [ $i -le "$count" ]; do
		alive "$run/broker-$i/pid" || start_broker $i "$count" &
		i=$((i + 1))
	done
	wait
	brokers= i=1
	while [ $i -le "$count" ]; do
		p=$((port + i - 1)) tries=0
		until listening $p; do
			alive "$run/broker-$i/pid" || die "broker $i ended: $(tail -5 "$run/broker-$i/out.log")"
			tries=$((tries + 1))
			[ $tries -lt 1200 ] || die "broker $i does not listen on $p after 10 minutes: see $run/broker-$i/out.log"
			sleep 0.5
		done
		brokers="$brokers${brokers:+,}127.0.0.1:$p"
		i=$((i + 1))
	done
	echo "brokers $brokers"
	if [ -n "$redis" ]; then
		command -v redis-server >/dev/null || die "no redis-server: install it (Debian: redis-server)"
		if ! alive "$run/redis/pid"; then
			mkdir -p "$run/redis"
			redis-server --port "$redis_port" --bind 127.0.0.1 --dir "$run/redis" --appendonly yes --save '' --daemonize yes \
				--pidfile "$run/redis/pid" --logfile "$run/redis/out.log" >/dev/null
			until listening "$redis_port"; do sleep 0.1; done
		fi
		echo "redis 127.0.0.1:$redis_port"
	fi
}

down() {
	for pid in "$run"/broker-*/pid "$run"/redis/pid; do
		alive "$pid" || continue
		kill "$(cat "$pid")" 2>/dev/null || true
	done
	for pid in "$run"/broker-*/pid "$run"/redis/pid; do
		tries=0
		while alive "$pid"; do
			tries=$((tries + 1))
			[ $tries -lt 60 ] || kill -9 "$(cat "$pid")" 2>/dev/null || true
			sleep 0.5
		done
		[ ! -e "$pid" ] || rm -f "$pid"
	done
	[ "${1:-}" != --purge ] || rm -rf "$run"
}

status() {
	none=1
	for dir in "$run"/broker-* "$run"/redis; do
		[ -d "$dir" ] || continue
		none=
		if alive "$dir/pid"; then echo "$(basename "$dir") runs (pid $(cat "$dir/pid"))"; else echo "$(basename "$dir") is stopped"; fi
	done
	[ -z "$none" ] || echo "nothing was started"
}

command=${1:-}
[ $# -eq 0 ] || shift
case $command in
up) up "$@" ;;
down) down "$@" ;;
status) status ;;
fetch) fetch ;;
*) sed -n '2,/^set -eu/{/^#/s/^# \{0,1\}//p}' "$0"; exit 2 ;;
esac
