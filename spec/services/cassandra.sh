#!/usr/bin/env bash
# A real Apache Cassandra 5 on loopback, from its published jars; Java 17 and Maven are all it needs.
#   cassandra.sh start [NODES=1]   node i listens on 127.0.0.i, port $CASSANDRA_PORT (19042); prints when CQL answers
#   cassandra.sh kill I            kill -9 of node I        cassandra.sh up I   start node I again, with its data
#   cassandra.sh stop              ends every node          cassandra.sh wipe   stop, and delete the data
# Measured on 2 cores: jars 9 s the first time, first node 8 s, each further node about 30 s; 0.9 GB a node.
# cassandra-driver: pass contactPoints with the port AND protocolOptions.port, or it looks for the other nodes at 9042.
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
HOME_DIR=${CASSANDRA_DIR:-${TMPDIR:-/tmp}/guildhall-cassandra}
PORT=${CASSANDRA_PORT:-19042}
OPENS=(java.lang.module jdk.internal.loader jdk.internal.ref jdk.internal.reflect jdk.internal.math jdk.internal.module
  jdk.internal.util.jar sun.nio.ch java.io java.nio java.util java.util.concurrent java.util.concurrent.atomic
  java.util.concurrent.locks java.lang java.net java.time)

answers() { (echo >"/dev/tcp/127.0.0.$1/$PORT") 2>/dev/null; }

jars() {
  [ -f "$HOME_DIR/lib/.done" ] && return
  mkdir -p "$HOME_DIR/lib"
  mvn -q -B -f "$HERE/pom.xml" dependency:copy-dependencies -DoutputDirectory="$HOME_DIR/lib"
  touch "$HOME_DIR/lib/.done"
}

up() {
  local i=$1 dir="$HOME_DIR/node$1" args=() p
  mkdir -p "$dir/data"
  cp "$HERE/logback.xml" "$dir/"
  cat >"$dir/cassandra.yaml" <<YAML
cluster_name: guildhall
num_tokens: 4
partitioner: org.apache.cassandra.dht.Murmur3Partitioner
endpoint_snitch: SimpleSnitch
commitlog_sync: batch
listen_address: 127.0.0.$i
rpc_address: 127.0.0.$i
start_native_transport: true
native_transport_port: $PORT
storage_port: 17000
data_file_directories: [$dir/data/data]
commitlog_directory: $dir/data/commitlog
hints_directory: $dir/data/hints
saved_caches_directory: $dir/data/saved_caches
cdc_raw_directory: $dir/data/cdc_raw
memtable_heap_space: 128MiB
memtable_offheap_space: 128MiB
seed_provider:
  - class_name: org.apache.cassandra.locator.SimpleSeedProvider
    parameters: [{seeds: "127.0.0.1:17000"}]
YAML
  for p in "${OPENS[@]}"; do args+=(--add-opens "java.base/$p=ALL-UNNAMED" --add-exports "java.base/$p=ALL-UNNAMED"); done
  args+=(--add-opens jdk.management/com.sun.management.internal=ALL-UNNAMED
    --add-exports java.management.rmi/com.sun.jmx.remote.internal.rmi=ALL-UNNAMED
    --add-exports java.rmi/sun.rmi.registry=ALL-UNNAMED --add-exports java.rmi/sun.rmi.server=ALL-UNNAMED
    --add-exports java.rmi/sun.rmi.transport.tcp=ALL-UNNAMED --add-exports java.sql/java.sql=ALL-UNNAMED)
  (cd "$dir" && exec setsid java -Xms256m -Xmx640m -Xss512k -XX:+UseSerialGC -XX:TieredStopAtLevel=1 \
    -Djdk.attach.allowAttachSelf=true "${args[@]}" -javaagent:"$HOME_DIR/lib/jamm-0.4.0.jar" \
    -Dcassandra.config="file://$dir/cassandra.yaml" -Dcassandra.storagedir="$dir/data" \
    -Dlogback.configurationFile="$dir/logback.xml" -Dcassandra.jmx.local.port="1719$i" \
    -Dcassandra-foreground=true -Dcassandra.ring_delay_ms=5000 -Dcassandra.consistent.rangemovement=false \
    -cp "$HOME_DIR/lib/*" org.apache.cassandra.service.CassandraDaemon) >"$dir/log" 2>&1 </dev/null &
  echo $! >"$dir/pid"
  for _ in $(seq 240); do
    answers "$i" && { echo "cassandra node $i answers on 127.0.0.$i:$PORT"; return; }
    kill -0 "$(cat "$dir/pid")" 2>/dev/null || break
    sleep 0.5
  done
  echo "cassandra node $i did not start:" >&2; tail -n 20 "$dir/log" >&2; return 1
}

end() { local f; for f in "$HOME_DIR"/node*/pid; do [ -f "$f" ] && kill "-$1" "$(cat "$f")" 2>/dev/null; rm -f "$f"; done; true; }

case ${1:-} in
  start) jars; for i in $(seq "${2:-1}"); do answers "$i" && echo "node $i is up" || up "$i"; done ;;
  up) jars; up "$2" ;;
  kill) kill -9 "$(cat "$HOME_DIR/node$2/pid")" ;;
  stop) end TERM ;;
  wipe) end KILL; sleep 1; rm -rf "$HOME_DIR"/node* ;;
  *) sed -n '2,8s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac
