// The settings of the platform: Polar, chat, assistants, durable functions.
#include "server/config_reader.hpp"
#include "server/text.hpp"

#include <texbuild/inngest.hpp>

#include <algorithm>

namespace texbuild::server {
namespace {

void read_polar(setting_reader& r, settings& s) {
  auto& o = s.shop;
  polar_account account;
  r.text("polar-access-token", account.access_token);
  r.origin("polar-api-url", account.api_url);
  if (!account.access_token.empty()) o.polar = std::move(account);
  r.text("polar-webhook-secret", o.webhook_secret);
  r.text("checkout-success-url", o.success_url);
  if (!o.success_url.empty() && !o.success_url.starts_with("https://") && !o.success_url.starts_with("http://"))
    r.fail("checkout-success-url", "must begin with https:// (or http://)");
  r.list("models", o.models);
  if (o.models.empty()) r.fail("models", "must name at least one model");
  for (auto& tier : o.tiers) {
    const auto flag = "polar-product-id-" + tier.name;
    r.text(flag.c_str(), tier.polar_product);
    for (const auto& other : o.tiers)
      if (&other != &tier && !tier.polar_product.empty() && other.polar_product == tier.polar_product)
        r.fail(flag.c_str(), "is the product of the tier \"" + other.name + "\" too");
  }
}

void read_chat(setting_reader& r, settings& s) {
  r.text("akashml-key", s.chat.key);
  r.origin("akashml-base-url", s.chat.upstream);
}

void read_akash_prices(setting_reader& r, akash_options& o) {
  r.number("akash-deposit", 1, 10'000, o.deposit_dollars);
  r.text("akash-denom", o.denom);
  const bool word =
      !o.denom.empty() && o.denom.size() <= 128 && std::all_of(o.denom.begin(), o.denom.end(), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '/';
      });
  if (!word) r.fail("akash-denom", "must be the name of a coin, such as uact");
  r.number("akash-max-price", 1, 1'000'000'000, o.most_per_block);
}

void read_assistants(setting_reader& r, settings& s) {
  r.text("public-url", s.public_url);
  if (!s.public_url.empty()) r.origin("public-url", s.public_url);
  r.path("assistant-program", s.assistant_program);
  r.origin("telegram-api-url", s.bots.telegram_url);
  r.text("akash-api-key", s.akash.api_key);
  r.origin("akash-console-api-url", s.akash.api_url);
  r.text("assistant-image", s.akash.image);
  read_akash_prices(r, s.akash);
  if (s.akash.api_key.empty()) return;
  if (s.akash.image.empty()) r.fail("assistant-image", "is not set: Akash runs containers");
  if (s.public_url.empty()) r.fail("public-url", "is not set: assistants at Akash could not reach this server");
}

void read_functions(setting_reader& r, settings& s) {
  const auto lookup = [&r](std::string_view variable) -> std::optional<std::string> {
    auto flag = lower_case(variable);
    for (auto& c : flag)
      if (c == '_') c = '-';
    const auto* v = r.value(flag.c_str());
    return v == nullptr ? std::nullopt : std::optional(*v);
  };
  auto read = inngest_options::from_environment(lookup);
  if (!read) return r.fail("inngest-dev", "and the others of Inngest: " + read.error().detail());
  s.inngest = std::move(*read);
  if (s.inngest.serve_origin.empty()) s.inngest.serve_origin = s.public_url;
}

}  // namespace

void read_platform(setting_reader& r, settings& s) {
  r.secrets("secret-key", s.secret_keys);
  read_polar(r, s);
  read_chat(r, s);
  read_assistants(r, s);
  read_functions(r, s);
}

}  // namespace texbuild::server
