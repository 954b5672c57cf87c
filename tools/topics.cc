// `jangbu topics`: a space's topics: `create` makes a ledger's topic, writes what it begins with and sets who may do
// what; `check` names every setting and right that a ledger cannot live with.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "ledger/kafka.h"
#include "ledger/kafka_record.h"
#include "ledger/new_ledger.h"
#include "ledger/node.h"
#include "ledger/screen_digest.h"
#include "ledger/space.h"
#include "tools/command.h"
#include "tools/new_topics.h"
#include "tools/output.h"
#include "tools/passphrase.h"
#include "tools/topic_rules.h"

namespace jangbu::tools {
namespace {

using Json = nlohmann::ordered_json;
using std::chrono::milliseconds;

struct Options {
  std::string directory, kafka, space, passphrase_file, pins;
  std::vector<std::string> ledgers, principals, readers, admins;
  unsigned replicas = 0;  // 0: three, or as many as there are brokers
  bool from_genesis = false, strict = false;
  unsigned timeout_seconds = 30;
  Format format = Format::table;

  [[nodiscard]] milliseconds timeout() const { return std::chrono::seconds(timeout_seconds); }
};

Result<std::unique_ptr<Node>> open_node(Environment& environment, const Options& options) {
  auto types = TypeTable::build();
  if (!types) return tl::unexpected(types.error());
  NodeOptions how;
  how.directory = options.directory;
  how.clock = &environment.clock;
  how.read_only = true;
  return Node::open(how, *types);
}

// The ledgers asked for, of those that are there; all of them if none is named.
Result<std::vector<LedgerId>> chosen(const Options& options, const std::vector<LedgerId>& there) {
  std::vector<LedgerId> ledgers;
  for (const std::string& name : options.ledgers) {
    const auto id = LedgerId::parse(name);
    if (!id || (!there.empty() && std::find(there.begin(), there.end(), *id) == there.end())) {
      return fail(Code::bad_usage, "--ledger", name + " is no ledger of this node");
    }
    ledgers.push_back(*id);
  }
  return ledgers.empty() ? there : ledgers;
}

// --principal LEDGER=User:name, or *=User:name for all ledgers.
Result<TopicPrincipals> principals_of(const Options& options, const LedgerId& ledger) {
  TopicPrincipals who;
  for (const std::string& text : options.principals) {
    const std::size_t equals = text.find('=');
    const std::string name = text.substr(0, equals);
    if (equals == std::string::npos || (name != "*" && !LedgerId::parse(name))) {
      return fail(Code::bad_usage, "--principal", text + " is not of the form LEDGER=User:name");
    }
    if (name == "*" || name == ledger.text()) who.writers.insert(text.substr(equals + 1));
  }
  who.readers.insert(options.readers.begin(), options.readers.end());
  who.admins.insert(options.admins.begin(), options.admins.end());
  for (const auto* names : {&who.writers, &who.readers, &who.admins}) {
    for (const std::string& principal : *names) {
      if (principal.find(':') == std::string::npos || principal.ends_with(':')) {
        return fail(Code::bad_usage, principal, "not a principal of the form User:name");
      }
    }
  }
  return who;
}

// What those must know who follow these topics from their genesis on.
Result<void> write_pins_file(const Options& options, const NewTopicsOptions& made,
                             const std::shared_ptr<const TypeTable>& types, const std::string& space) {
  const auto reader = KafkaReader::open(made.settings);
  if (!reader) return tl::unexpected(reader.error());
  const std::string digest = screen_digest(*types);
  std::optional<Pins> pins;
  for (const LedgerId& ledger : made.ledgers) {
    const std::string topic = topic_prefix(space) + ledger.text();
    const auto first = (*reader)->read_at(topic, Offset(0), options.timeout());
    if (!first) return tl::unexpected(first.error());
    if (!*first) return fail(Code::kafka_position, topic, "its first record is deleted, and with it the genesis");
    auto begins = read_new_ledger(**first, ledger, types, digest);
    if (!begins) return tl::unexpected(begins.error());
    if (!pins) pins = Pins{space, begins->coordinator_key, {}};
    pins->ledgers.push_back(std::move(begins->pin));
  }
  if (!pins) return fail(Code::bad_usage, "--pins", "no ledger is here");
  std::sort(pins->ledgers.begin(), pins->ledgers.end(),
            [](const LedgerPin& one, const LedgerPin& other) { return one.ledger < other.ledger; });
  std::ofstream out(options.pins, std::ios::trunc);
  out << to_text(*pins) << std::flush;
  if (!out) return fail(Code::io, options.pins, "cannot be written");
  return {};
}

Result<void> create(Environment& environment, const Options& options) {
  NewTopicsOptions making;
  auto settings = parse_kafka_settings(options.kafka);
  if (!settings) return tl::unexpected(settings.error());
  making.settings = std::move(*settings);
  const auto node = open_node(environment, options);
  if (!node) return tl::unexpected(node.error());
  if (const auto& why = (*node)->not_writing(); why && why->code != Code::read_only) return tl::unexpected(*why);
  auto ledgers = chosen(options, (*node)->ledgers());
  if (!ledgers) return tl::unexpected(ledgers.error());
  making.ledgers = std::move(*ledgers);
  std::map<std::string, TopicPrincipals> who;
  for (const LedgerId& ledger : making.ledgers) {
    auto principals = principals_of(options, ledger);
    if (!principals) return tl::unexpected(principals.error());
    who.emplace(ledger.text(), std::move(*principals));
  }
  making.who = [&who](const LedgerId& ledger) { return who.at(ledger.text()); };
  std::optional<SigningKey> coordinator;
  if (!options.from_genesis) {
    const auto ask = passphrase_source(environment, options.passphrase_file);
    if (!ask) return tl::unexpected(ask.error());
    auto key = read_signing_key(space_key_path(options.directory, KeyUse::coordinator), *ask);
    if (!key) return tl::unexpected(key.error());
    coordinator.emplace(std::move(*key));
    making.coordinator = &*coordinator;
  }
  making.replicas = options.replicas;
  making.now = Timestamp::from_milliseconds(environment.clock.wall_milliseconds());
  making.timeout = options.timeout();
  const auto made = create_topics(**node, making);
  if (!made) return tl::unexpected(made.error());
  if (!options.pins.empty()) {
    if (auto written = write_pins_file(options, making, (*node)->types(), (*node)->space()); !written) return written;
  }
  std::vector<Json> rows;
  for (const NewTopic& topic : *made) {
    rows.push_back(
        Json{{"ledger", topic.ledger.text()},
             {"topic", topic.topic},
             {"done", topic.done},
             {"begins_with", topic.begins_with},
             {"records", topic.records},
             {"rights", topic.rights ? std::to_string(*topic.rights) : "none: the cluster has no authorizer"}});
  }
  write_rows(environment.out, options.format,
             {{"LEDGER", "ledger"},
              {"TOPIC", "topic"},
              {"DONE", "done"},
              {"BEGINS WITH", "begins_with"},
              {"RECORDS", "records"},
              {"RIGHTS", "rights"}},
             rows);
  return {};
}

// What is wrong with one ledger's topic.
Result<std::vector<TopicFinding>> check_topic(KafkaAdmin& admin, KafkaReader& reader, const std::string& topic,
                                              unsigned brokers, const TopicPrincipals& who, milliseconds timeout) {
  const auto state = admin.describe(topic);
  if (!state && state.error().code == Code::kafka_topic_missing) {
    return std::vector<TopicFinding>{{true, "topic", "it does not exist", "make it with `jangbu topics create`"}};
  }
  if (!state) return tl::unexpected(state.error());
  std::vector<TopicFinding> findings = check_settings(*state, brokers);
  const auto rights = admin.rights(topic);
  if (!rights) return tl::unexpected(rights.error());
  for (TopicFinding& finding : check_rights(*rights, who)) findings.push_back(std::move(finding));
  const auto marks = reader.watermarks(topic, timeout);
  if (!marks) return tl::unexpected(marks.error());
  if (marks->high == Offset(0)) {
    findings.push_back({true, "beginning", "it is empty", "a genesis, before anybody else may write"});
  }
  if (marks->low > Offset(0)) {
    findings.push_back({false, "beginning",
                        "records below offset " + std::to_string(marks->low.value()) + " are deleted",
                        "all records: new nodes need another node's tiles"});
  }
  if (marks->stable < marks->high) {
    findings.push_back({true, "transactions",
                        "a transaction is open at offset " + std::to_string(marks->stable.value()),
                        "none: readers wait there"});
  }
  return findings;
}

Result<bool> check(Environment& environment, const Options& options) {
  const auto settings = parse_kafka_settings(options.kafka);
  if (!settings) return tl::unexpected(settings.error());
  const auto admin = KafkaAdmin::open(*settings, options.timeout());
  if (!admin) return tl::unexpected(admin.error());
  const auto reader = KafkaReader::open(*settings);
  if (!reader) return tl::unexpected(reader.error());
  std::string space = options.space;
  std::vector<LedgerId> there;
  if (!options.directory.empty()) {
    const auto node = open_node(environment, options);
    if (!node) return tl::unexpected(node.error());
    space = (*node)->space();
    there = (*node)->ledgers();
  } else if (space.empty()) {
    return fail(Code::bad_usage, "topics check", "name a node's directory, or --space");
  } else if (options.ledgers.empty()) {
    const auto topics = (*reader)->topics(topic_prefix(space), options.timeout());
    if (!topics) return tl::unexpected(topics.error());
    for (const std::string& topic : *topics) {
      if (const auto id = LedgerId::parse(topic.substr(topic_prefix(space).size()))) there.push_back(*id);
    }
    if (there.empty()) return fail(Code::kafka_topic_missing, topic_prefix(space), "no topic of this space is there");
  }
  const auto ledgers = chosen(options, there);
  if (!ledgers) return tl::unexpected(ledgers.error());
  const auto brokers = (*admin)->brokers();
  if (!brokers) return tl::unexpected(brokers.error());

  std::vector<Json> rows;
  bool good = true;
  const auto add = [&](const std::string& ledger, const TopicFinding& finding) {
    good = good && !finding.grave && !options.strict;
    rows.push_back(Json{{"ledger", ledger},
                        {"severity", finding.grave ? "error" : "warning"},
                        {"rule", finding.rule},
                        {"found", finding.found},
                        {"wanted", finding.wanted}});
  };
  for (const LedgerId& ledger : *ledgers) {
    const auto who = principals_of(options, ledger);
    if (!who) return tl::unexpected(who.error());
    const auto findings =
        check_topic(**admin, **reader, topic_prefix(space) + ledger.text(), *brokers, *who, options.timeout());
    if (!findings) return tl::unexpected(findings.error());
    for (const TopicFinding& finding : *findings) add(ledger.text(), finding);
  }
  const auto transactional = (*admin)->transactional_principals();
  if (!transactional) return tl::unexpected(transactional.error());
  for (const std::string& principal : transactional->value_or(std::vector<std::string>())) {
    add("", {true, "transactional-ids", principal + " may use transactions",
             "nobody: one that hangs holds up every reader"});
  }
  if (options.format == Format::table && rows.empty()) {
    environment.out << ledgers->size() << " topics: nothing is wrong\n";
  } else {
    write_rows(
        environment.out, options.format,
        {{"LEDGER", "ledger"}, {"SEVERITY", "severity"}, {"RULE", "rule"}, {"FOUND", "found"}, {"WANTED", "wanted"}},
        rows);
  }
  return good;
}

void add_common(CLI::App& command, Options& options) {
  command.add_option("--kafka", options.kafka, "brokers (host:port,host:port), or a file of properties")->required();
  command.add_option("--ledger", options.ledgers, "only this ledger; may be given again");
  command.add_option("--principal", options.principals,
                     "LEDGER=User:name: who may write there; *=User:name: everywhere; may be given again");
  command.add_option("--admin", options.admins, "who may delete and alter, beside super users; may be given again");
  command.add_option("--timeout", options.timeout_seconds, "seconds to wait for an answer")->check(CLI::Range(1, 600));
  add_format(command, options.format);
}

}  // namespace

void add_topics(CLI::App& app, Environment& environment, Exit& exit) {
  CLI::App* topics = app.add_subcommand("topics", "make or check a space's Kafka topics");
  topics->require_subcommand(1);

  CLI::App* making = topics->add_subcommand("create", "make each ledger's topic, write its beginning, set its rights");
  auto to_make = std::make_shared<Options>();
  making->add_option("directory", to_make->directory, "the node's directory; not served meanwhile")->required();
  add_common(*making, *to_make);
  making->add_option("--replicas", to_make->replicas, "of each topic (default: three, or as many as there are brokers)")
      ->check(CLI::Range(1, 100));
  making->add_option("--reader", to_make->readers, "User:name that may read all of them: a node; may be given again");
  making->add_flag(
      "--from-genesis", to_make->from_genesis,
      "the topic begins with all that the ledger has, for nodes that have nothing; else with ledger.moved");
  making
      ->add_option("--pins", to_make->pins,
                   "write there what a node must know to follow these topics (jangbu rebuild --pins)")
      ->needs("--from-genesis");
  making->add_option("--passphrase-file", to_make->passphrase_file, "opens sealed key files with its first line");
  making->callback([&environment, &exit, to_make] {
    if (auto done = create(environment, *to_make); !done) exit = complain(environment, done.error());
  });

  CLI::App* checking = topics->add_subcommand("check", "name what a ledger cannot live with; status 1 if there is any");
  auto to_check = std::make_shared<Options>();
  checking->add_option("directory", to_check->directory, "the node's directory");
  add_common(*checking, *to_check);
  checking->add_option("--space", to_check->space, "instead of a directory: all topics of this space");
  checking->add_flag("--strict", to_check->strict, "warnings count too");
  checking->callback([&environment, &exit, to_check] {
    const auto good = check(environment, *to_check);
    if (!good) {
      exit = complain(environment, good.error());
    } else if (!*good) {
      exit = Exit::found;
    }
  });
}

}  // namespace jangbu::tools
