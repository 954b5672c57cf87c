// `jangbu keygen`: makes a key file.
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "ledger/key_file.h"
#include "ledger/keys.h"
#include "tools/command.h"
#include "tools/passphrase.h"

namespace jangbu::tools {
namespace {

struct Options {
  std::string name, path, passphrase_file;
  bool sealed = false, pseudonym = false, cosigner = false;
};

Result<void> make(Environment& environment, const Options& options) {
  auto passphrase = options.sealed || !options.passphrase_file.empty()
                        ? new_passphrase(environment, options.passphrase_file)
                        : Result<std::string>(std::string());
  if (!passphrase) return tl::unexpected(passphrase.error());
  if (options.pseudonym) {
    if (auto written = write_key_file(options.path, PseudonymKey::generate(), *passphrase); !written) return written;
    environment.out << "pseudonym key written to " << options.path
                    << "\nKeep a copy under lock: without it no patient's pseudonym can be made again.\n";
    return {};
  }
  auto key = SigningKey::generate(options.name, options.cosigner ? NoteKeyType::cosignature_v1 : NoteKeyType::ed25519);
  if (!key) return tl::unexpected(key.error());
  if (auto written = write_key_file(options.path, *key, *passphrase); !written) return written;
  environment.out << key->verifier().text() << '\n';
  return {};
}

}  // namespace

void add_keygen(CLI::App& app, Environment& environment, Exit& exit) {
  CLI::App* command = app.add_subcommand("keygen", "make a key file (mode 0600) and print its verifier key");
  auto options = std::make_shared<Options>();
  command->add_option("file", options->path, "where to write it; must not exist")->required();
  CLI::Option* name = command->add_option("--name", options->name, "the key's name, such as medspace/hanbit/emitter");
  CLI::Option* pseudonym =
      command->add_flag("--pseudonym", options->pseudonym, "a hospital's pseudonym key instead of a signing key");
  command->add_flag("--cosigner", options->cosigner, "a witness's key (C2SP tlog-cosignature)")->excludes(pseudonym);
  command->add_flag("--passphrase", options->sealed, "seal the file under a passphrase, asked for twice");
  command->add_option("--passphrase-file", options->passphrase_file, "seal it under the first line of this file");
  command->callback([&environment, &exit, options, name, pseudonym] {
    if (name->count() == 0 && pseudonym->count() == 0) {
      exit = complain(environment, Error{Code::bad_usage, "--name", "a signing key needs a name"});
      return;
    }
    if (auto made = make(environment, *options); !made) exit = complain(environment, made.error());
  });
}

}  // namespace jangbu::tools
