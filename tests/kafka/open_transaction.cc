// A producer that begins a transaction, writes one record and goes away without ending it. The ledger never writes in
// transactions, so kafka.h has none of this: the library is used directly.
#include <librdkafka/rdkafka.h>

#include <string>

#include "ledger/kafka.h"

namespace jangbu::testing {

bool leave_transaction_open(const KafkaSettings& settings, const std::string& topic, const std::string& value) {
  constexpr int kWaitMs = 30'000;
  char why[512];
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  const auto set = [&](const char* name, const std::string& text) {
    return rd_kafka_conf_set(conf, name, text.c_str(), why, sizeof why) == RD_KAFKA_CONF_OK;
  };
  // The broker ends it by itself after this time: longer than the test.
  bool well = set("bootstrap.servers", settings.brokers) && set("transactional.id", topic) &&
              set("transaction.timeout.ms", "600000") && set("allow.auto.create.topics", "false");
  for (const auto& [name, text] : settings.client) well = well && set(name.c_str(), text);
  rd_kafka_t* producer = well ? rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why) : nullptr;
  if (producer == nullptr) return false;
  for (rd_kafka_error_t* error :
       {rd_kafka_init_transactions(producer, kWaitMs), rd_kafka_begin_transaction(producer)}) {
    well = well && error == nullptr;
    rd_kafka_error_destroy(error);
  }
  well =
      well && rd_kafka_producev(producer, RD_KAFKA_V_TOPIC(topic.c_str()), RD_KAFKA_V_PARTITION(0),
                                RD_KAFKA_V_VALUE(const_cast<char*>(value.data()), value.size()),
                                RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END) == RD_KAFKA_RESP_ERR_NO_ERROR;
  well = well && rd_kafka_flush(producer, kWaitMs) == RD_KAFKA_RESP_ERR_NO_ERROR;
  // Without abort_transaction(): the broker knows nothing of the producer's end.
  rd_kafka_destroy(producer);
  return well;
}

}  // namespace jangbu::testing
