# What the folder of a run holds beside the data, as functions of ops/kafka/broker, which reads this file: its settings, its
# keys, what clients are given, and each broker's server.properties. They use its variables: folder, version, brokers, tls,
# cluster, ports, controllers, the options as given; and its fail().

# settings: version, brokers, tls (0, 1), cluster, ports (one a broker), controllers (likewise)
load() {
  [ -f "$folder/settings" ] || return 1
  local name value
  while IFS='=' read -r name value; do
    case "$name" in
      version | brokers | tls | cluster) printf -v "$name" %s "$value" ;;
      ports | controllers) read -ra "$name" <<<"$value" ;;
      *) fail "$folder/settings: unknown line $name" ;;
    esac
  done <"$folder/settings"
}

save() {
  printf '%s\n' "version=$version" "brokers=$brokers" "tls=$tls" "cluster=$cluster" "ports=${ports[*]}" \
    "controllers=${controllers[*]}" >"$folder/settings.new"
  mv "$folder/settings.new" "$folder/settings"
}

listening() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

choose_ports() {  # choose_ports FIRST, 0: free ones, below those that the system gives to connections
  local i taken=" " next
  ports=() controllers=()
  for ((i = 0; i < 2 * brokers; i++)); do
    if [ "$1" -ne 0 ]; then
      next=$(($1 + i / 2 + 100 * (i % 2)))
    else
      next=$((20000 + SRANDOM % 12000))
      while [[ "$taken" == *" $next "* ]] || listening "$next"; do next=$((20000 + SRANDOM % 12000)); done
    fi
    taken+="$next "
    if ((i % 2)); then controllers+=("$next"); else ports+=("$next"); fi
  done
}

prepare() {  # what is to be started, from the folder or from the options
  local wanted_version="$version" wanted_brokers="$brokers" wanted_tls="$tls"
  if load; then
    local is=
    if [ -n "$given_version" ] && [ "$wanted_version" != "$version" ]; then is="of Kafka $version"; fi
    if [ -n "$given_brokers" ] && [ "$wanted_brokers" != "$brokers" ]; then is="of $brokers broker(s)"; fi
    if [ "$wanted_tls" = 1 ] && [ "$tls" = 0 ]; then is="without TLS"; fi
    if [ -n "$given_port" ] && [ "$port" -ne 0 ] && [ "$port" -ne "${ports[0]}" ]; then is="of port ${ports[0]}"; fi
    [ -z "$is" ] || fail "$folder is $is: take another --folder, or remove it after a stop"
    fresh=0
    return
  fi
  fresh=1
  choose_ports "$port"
  # Not with a dash in front: it would be taken for an option.
  until cluster="$(head -c16 /dev/urandom | base64 | tr '+/' '-_' | tr -d '=')" && [ "${cluster:0:1}" != - ]; do :; done
}

bootstrap() { local IFS=,; echo "${ports[*]/#/127.0.0.1:}"; }

certificate() {  # certificate NAME EXTENDED_KEY_USAGE [SUBJECT_ALTERNATIVE_NAME]
  local keys="$folder/tls" extensions="extendedKeyUsage=$2"
  [ -z "${3:-}" ] || extensions+=$'\n'"subjectAltName=$3"
  openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" -keyout "$keys/$1.key" \
    -out "$keys/$1.csr" 2>"$keys/openssl.log" &&
    openssl x509 -req -in "$keys/$1.csr" -CA "$keys/ca.crt" -CAkey "$keys/ca.key" -set_serial "0x$(openssl rand -hex 16)" \
      -days 825 -extfile <(printf '%s\n' "$extensions") -out "$keys/$1.crt" 2>"$keys/openssl.log" ||
    { cat "$keys/openssl.log" >&2; fail "openssl made no certificate for $1"; }
  rm -f "$keys/$1.csr" "$keys/openssl.log"
}

make_keys() {
  local name
  mkdir -p "$folder/tls"
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj "/CN=a CA for trials" \
    -keyout "$folder/tls/ca.key" -out "$folder/tls/ca.crt" 2>/dev/null || fail "openssl made no CA"
  certificate broker serverAuth,clientAuth IP:127.0.0.1,DNS:localhost
  cat "$folder/tls/broker.key" "$folder/tls/broker.crt" >"$folder/tls/broker.pem"  # the JVM reads key, then certificate
  for name in admin node hospitals; do certificate "$name" clientAuth; done
}

# What clients are given, in librdkafka's names; and the administrator's in Java's, for `tool`.
write_clients() {
  echo "bootstrap.servers=$(bootstrap)" >"$folder/client.properties"
  : >"$folder/client-java.properties"
  [ "$tls" = 1 ] || return 0
  local certificate name keys="$folder/tls"
  for certificate in "$keys"/*.crt; do
    name="$(basename "$certificate" .crt)"
    case "$name" in ca | broker) continue ;; esac
    printf '%s\n' "bootstrap.servers=$(bootstrap)" security.protocol=ssl "ssl.ca.location=$keys/ca.crt" \
      "ssl.certificate.location=$certificate" "ssl.key.location=$keys/$name.key" >"$folder/client-$name.properties"
  done
  cp "$folder/client-admin.properties" "$folder/client.properties"
  cat "$keys/admin.key" "$keys/admin.crt" >"$keys/admin.pem"
  printf '%s\n' security.protocol=SSL ssl.keystore.type=PEM "ssl.keystore.location=$keys/admin.pem" ssl.truststore.type=PEM \
    "ssl.truststore.location=$keys/ca.crt" >"$folder/client-java.properties"
}

properties() {  # properties N: its server.properties
  local i voters= protocol=PLAINTEXT replicas="$brokers" in_sync=1 session=2000
  for ((i = 1; i <= brokers; i++)); do voters+="${voters:+,}$i@127.0.0.1:${controllers[i - 1]}"; done
  [ "$tls" = 0 ] || protocol=SSL
  [ "$brokers" = 1 ] || { in_sync=2; session=3000; }
  cat <<END
process.roles=broker,controller
node.id=$1
controller.quorum.voters=$voters
listeners=$protocol://127.0.0.1:${ports[$1 - 1]},CONTROLLER://127.0.0.1:${controllers[$1 - 1]}
advertised.listeners=$protocol://127.0.0.1:${ports[$1 - 1]}
listener.security.protocol.map=$protocol:$protocol,CONTROLLER:$protocol
inter.broker.listener.name=$protocol
controller.listener.names=CONTROLLER
log.dirs=$folder/broker-$1/data
# What ledgers need of their topics, as defaults: the broker's time, nothing lost to an out-of-date leader, nothing expired.
log.message.timestamp.type=LogAppendTime
auto.create.topics.enable=false
default.replication.factor=$replicas
min.insync.replicas=$in_sync
unclean.leader.election.enable=false
log.cleanup.policy=delete
log.retention.ms=-1
offsets.topic.replication.factor=$replicas
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=$replicas
transaction.state.log.min.isr=$in_sync
transaction.state.log.num.partitions=1
group.initial.rebalance.delay.ms=0
# Small, and quick to notice that a broker is gone or back.
num.network.threads=2
num.io.threads=4
log.cleaner.dedupe.buffer.size=4194304
broker.session.timeout.ms=$session
broker.heartbeat.interval.ms=500
replica.lag.time.max.ms=5000
# But patient where the machine is so busy that elections would follow each other: it is the caller's time-out that ends a start.
controller.quorum.election.timeout.ms=2000
controller.quorum.fetch.timeout.ms=3000
initial.broker.registration.timeout.ms=180000
END
  [ "$tls" = 1 ] || return 0
  cat <<END
ssl.client.auth=required
ssl.keystore.type=PEM
ssl.keystore.location=$folder/tls/broker.pem
ssl.truststore.type=PEM
ssl.truststore.location=$folder/tls/ca.crt
ssl.endpoint.identification.algorithm=https
# A principal is its certificate's common name.
ssl.principal.mapping.rules=RULE:^(?:.*,)?CN=([^,]+)(?:,.*)?\$/\$1/,DEFAULT
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:broker;User:admin
allow.everyone.if.no.acl.found=false
END
}
