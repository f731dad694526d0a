#include "server/config_options.hpp"

#include <boost/program_options/value_semantic.hpp>

#include <array>
#include <string>

namespace texbuild::server {
namespace {

namespace po = boost::program_options;

enum class kind { flag, text, number, path, yes };

struct row {
  const char* name;
  kind takes;
  const char* words;
};

constexpr row rows[] = {
    {"help", kind::flag, "show this text"},
    {"version", kind::flag, "show the version"},
    {"dev", kind::yes, "development: no accounts needed, prints a ready token; loopback only"},
    {"dev-token-file", kind::path, "with --dev: write the ready token to this file too"},
    {"listen", kind::text, "ADDRESS:PORT [127.0.0.1:9000]; port 0 takes a free one"},
    {"port-file", kind::path, "write the port that was bound to this file"},
    {"data-dir", kind::path,
     "database, artifacts and caches [/var/lib/texbuild for root, else ~/.local/share/texbuild]"},
    {"database-url", kind::text, "'sqlite:' (a file in the data folder) is the only one so far"},
    {"workers", kind::number, "builds at once [one per processor]"},
    {"build-timeout", kind::number, "seconds that a build may take [300]"},
    {"allow-shell-escape", kind::yes, "let clients ask for shell escape; it runs in the sandbox all the same [false]"},
    {"result-cache", kind::number,
     "MB of results that may answer the same sources again, least recently used first to go; 0: none do [2048]"},
    {"count-cached-builds", kind::yes, "builds answered that way count in their owner's month [true]"},
    {"keep-state", kind::yes, "builds go on from the aux files of their project's last good build [true]"},
    {"warm-fonts", kind::yes, "make LuaTeX's font cache in the background at the start [true]"},
    {"warm-engines", kind::yes, "keep TeX's programs started, and run builds in copies of them [true]"},
    {"parked-memory", kind::number,
     "experimental: MB for copies of TeX that wait where a project's last build had read its preamble [0: none]"},
    {"signing-key", kind::text, "secret for download links, at least 32 bytes [made once, kept in the data folder]"},
    {"signing-key-previous", kind::text, "the secret before: links signed with it stay valid"},
    {"secret-key", kind::text,
     "secret that seals users' tokens, at least 32 bytes [made once, kept in the data folder]"},
    {"secret-key-previous", kind::text, "the secret before: what it sealed can still be opened, and is sealed again"},
    {"created-status", kind::number, "status of POST /build: 201, or 200 for clients that take nothing else [201]"},
    {"cors-origins", kind::text, "origins of web pages that may call the API, separated by commas [none]"},
    {"plans", kind::path, "JSON file with the plans and what they allow [free, pro and enterprise]"},
    {"trusted-proxies", kind::text,
     "addresses of proxies whose X-Forwarded-For is believed, separated by commas [none]"},
    {"log", kind::text, "off, error, info or debug [info]"},
    {"allow-private-webhooks", kind::yes,
     "users may register webhooks at http:// and at private addresses: for development [false]"},

    {"clerk-issuer", kind::text, "issuer of session tokens; its key set is fetched from there"},
    {"clerk-jwks-url", kind::text, "address of the key set, if it is another"},
    {"clerk-jwt-key", kind::text, "public key (PEM) of session tokens, instead of a key set"},
    {"clerk-authorized-parties", kind::text, "origins that tokens must come from, separated by commas [any]"},
    {"clerk-secret-key", kind::text,
     "secret key (sk_…): users' addresses, and the key set if none is named, come from Clerk's Backend API"},
    {"clerk-api-url", kind::text, "origin of Clerk's Backend API [https://api.clerk.com]"},
    {"clerk-webhook-secret", kind::text, "secret (whsec_…) of Clerk's webhooks"},

    {"razorpay-key-id", kind::text, "key that sells plans at Razorpay (rzp_…) [nothing is sold]"},
    {"razorpay-key-secret", kind::text, "its secret"},
    {"razorpay-webhook-secret", kind::text, "secret of Razorpay's webhooks"},
    {"razorpay-webhook-secret-previous", kind::text, "the secret before: events from before the change carry it"},
    {"razorpay-api-url", kind::text, "origin of Razorpay's API [https://api.razorpay.com]"},
    {"razorpay-plan-pro", kind::text, "Razorpay's id (plan_…) of the plan \"pro\""},
    {"razorpay-plan-enterprise", kind::text, "the same of the plan \"enterprise\""},

    {"models", kind::text, "language models that an assistant can be bought with, separated by commas"},
    {"checkout-success-url", kind::text, "where Polar sends a customer who has paid [Polar's own page]"},
    {"polar-access-token", kind::text, "token (polar_oat_…) that sells assistants at Polar [none are sold]"},
    {"polar-webhook-secret", kind::text, "secret of Polar's webhooks"},
    {"polar-api-url", kind::text, "origin of Polar's API [https://api.polar.sh]"},
    {"polar-product-id-starter", kind::text, "Polar's id of the product that is the tier \"starter\""},
    {"polar-product-id-pro", kind::text, "the same of the tier \"pro\""},
    {"polar-product-id-business", kind::text, "the same of the tier \"business\""},

    {"akashml-key", kind::text, "key of the service that runs the language models [no chat]"},
    {"akashml-base-url", kind::text, "its origin [https://api.akashml.com]"},

    {"public-url", kind::text,
     "where others reach this server, such as https://tex.example.com [its own address, for assistants on this "
     "machine]"},
    {"assistant-program", kind::path, "the program texbuild-assistant [beside this one]"},
    {"assistant-image", kind::text, "a container image of it, for Akash"},
    {"telegram-api-url", kind::text, "origin of Telegram's Bot API [https://api.telegram.org]"},
    {"akash-api-key", kind::text, "key of Akash's Console API: assistants run there [on this machine]"},
    {"akash-console-api-url", kind::text, "its origin [https://console-api.akash.network]"},
    {"akash-deposit", kind::number, "dollars that an assistant there begins with [5]"},
    {"akash-max-price", kind::number,
     "the highest bid that is taken, for a block of about six seconds; 100 uact are about 43 dollars a month [100]"},
    {"akash-denom", kind::text, "what that is counted in [uact: a millionth of a dollar]"},

    {"inngest-dev", kind::text,
     "1, or the address of a dev server: Inngest runs durable functions, unsigned; loopback only"},
    {"inngest-signing-key", kind::text, "key (signkey-…) that Inngest signs with: it runs durable functions [we do]"},
    {"inngest-signing-key-fallback", kind::text, "the other key, while keys are changed"},
    {"inngest-event-key", kind::text, "key for sending events to Inngest"},
    {"inngest-env", kind::text, "name of an environment at Inngest"},
    {"inngest-base-url", kind::text, "origin of Inngest's API and of its events"},
    {"inngest-api-base-url", kind::text, "origin of its API alone"},
    {"inngest-event-api-base-url", kind::text, "origin of its events alone"},
    {"inngest-serve-origin", kind::text,
     "how Inngest reaches this server, such as https://example.com; without it a sync out of band is refused "
     "[--public-url]"},
    {"inngest-serve-path", kind::text, "the path of that [/api/inngest]"},
    {"inngest-allow-in-band-sync", kind::text, "0 switches it off [1]"},
};

const char* value_name(kind k) {
  switch (k) {
    case kind::number:
      return "N";
    case kind::path:
      return "PATH";
    case kind::yes:
      return "BOOL";
    case kind::flag:
    case kind::text:
      break;
  }
  return "TEXT";
}

}  // namespace

po::options_description describe_settings() {
  po::options_description all(
      "Settings, each also as an environment variable (--listen is TEXBUILD_LISTEN, --clerk-issuer is CLERK_ISSUER;"
      " so are those of the other services)",
      100, 60);
  for (const auto& r : rows) {
    if (r.takes == kind::flag) {
      all.add_options()(r.name, r.words);
      continue;
    }
    auto* value = po::value<std::string>()->value_name(value_name(r.takes));
    if (r.takes == kind::yes) value->implicit_value("true");
    all.add_options()(r.name, value, r.words);
  }
  return all;
}

}  // namespace texbuild::server
