// Assistants at Akash. Every address and member of its Console API that is used is in this file, for it is still
// moving.
#include "src/assistants/sdl.hpp"
#include "src/data/strict_json.hpp"
#include "src/http/json_api.hpp"

#include <texbuild/assistants.hpp>
#include <texbuild/environment.hpp>
#include <texbuild/http.hpp>

#include <boost/json.hpp>

#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <shared_mutex>
#include <stop_token>
#include <utility>

namespace texbuild {
inline namespace v0 {
namespace {

namespace json = boost::json;

constexpr int tries = 4;
constexpr std::chrono::hours avoided_for{1};
constexpr const char* refused_for_good = "refused";
/// A place that is not known yet: Akash was, or was about to be, asked for a deployment.
constexpr std::string_view unnamed_place = "creating";
constexpr std::size_t page = 100;
constexpr int most_pages = 100;

/// What may be sent again when nobody knows whether it was taken: not what would make a second one.
enum class repeat { always, when_refused };

/// An offer to run it.
struct bid {
  std::int64_t gseq = 0;
  std::int64_t oseq = 0;
  std::string provider;
  std::string denom;
  double price = 0;
};

/// A name of the internet, and nothing else: owners see it as a link.
bool is_host_name(std::string_view text) {
  return !text.empty() && text.size() <= 253 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '.';
  });
}

bool can_be_digits(std::string_view text) {
  return !text.empty() && text.size() <= 20 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::optional<bid> read_bid(const json::value& item) {
  const auto* outer = item.if_object();
  const auto* inner = outer == nullptr ? nullptr : data::find_object(*outer, "bid");
  const auto* id = inner == nullptr ? nullptr : data::find_object(*inner, "id");
  const auto* price = inner == nullptr ? nullptr : data::find_object(*inner, "price");
  if (id == nullptr || price == nullptr || data::text_of(*inner, "state") != "open") return std::nullopt;
  bid out;
  out.gseq = data::whole_of(*id, "gseq").value_or(0);
  out.oseq = data::whole_of(*id, "oseq").value_or(0);
  out.provider = data::text_of(*id, "provider");
  out.denom = data::text_of(*price, "denom");
  const auto amount = data::text_of(*price, "amount");
  const auto [end, failed] = std::from_chars(amount.data(), amount.data() + amount.size(), out.price);
  if (failed != std::errc() || end != amount.data() + amount.size() || out.provider.empty()) return std::nullopt;
  return out;
}

class akash_provisioner final : public assistant_provisioner {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  akash_provisioner(akash_options options, std::shared_ptr<http_client> http, std::shared_ptr<clock> time)
      : options_(std::move(options)), http_(std::move(http)), time_(std::move(time)) {}

  [[nodiscard]] std::string_view name() const noexcept override { return "akash"; }

  result<assistant_place> start(const assistant_job& job, const note& began) override {
    const auto sdl = bots::make_sdl(options_, job);
    if (!sdl) return sdl.error();
    // Before there is a deposit: who dies before its number is noted finds it again by this.
    if (auto noted = began(assistant_place(std::string(unnamed_place))); !noted) return noted.error();
    in_hand made(*this);
    if (auto created = create(*sdl, made); !created) return created.error();
    const auto& dseq = made.dseq;
    const auto& manifest = made.manifest;
    if (auto noted = began(assistant_place(dseq)); !noted) {
      (void)stop(job.deployment, dseq);
      return noted.error();
    }
    auto leased = lease(dseq, manifest);
    if (leased) return assistant_place(dseq, std::move(*leased));
    // It holds a deposit. If it cannot be closed now, whoever was told of the place closes it later.
    (void)stop(job.deployment, dseq);
    const auto& e = leased.error();
    return error(e.code(), e.detail() + " (Akash deployment " + dseq + ")", e.cause());
  }

  result<void> stop(std::string_view /*deployment*/, std::string_view place) override {
    if (place == unnamed_place) return close_ownerless();
    if (!can_be_digits(place)) return {};
    const auto closed = call("DELETE", "/v1/deployments/" + std::string(place));
    if (!closed) return closed.error().code() == errc::not_found ? result<void>() : closed.error();
    const auto* success = closed->if_contains("success");
    if (success == nullptr || !success->is_bool() || !success->get_bool()) return unreadable("word that it is closed");
    return {};
  }

  result<void> keep(const std::vector<assistant_job>& /*jobs*/) override { return {}; }  // Akash does that
  [[nodiscard]] bool goes_on_alone() const noexcept override { return true; }
  void stop_waiting() override { stop_.request_stop(); }

 private:
  /// A deployment while it is being leased: none that was lost.
  struct in_hand {
    explicit in_hand(akash_provisioner& of) : owner(of) {}
    in_hand(const in_hand&) = delete;
    in_hand& operator=(const in_hand&) = delete;
    ~in_hand() {
      const std::scoped_lock lock(owner.mutex_);
      owner.in_hand_.erase(dseq);
    }
    akash_provisioner& owner;
    std::string dseq;
    std::string manifest;
  };

  result<void> create(const std::string& sdl, in_hand& made) {
    const json::object body{{"data", json::object{{"sdl", sdl}, {"deposit", options_.deposit_dollars}}}};
    const std::shared_lock creating(creating_);
    const auto created = call("POST", "/v1/deployments", &body, repeat::when_refused);
    if (!created) return created.error();
    const auto dseq = data::text_of(*created, "dseq");
    made.manifest = data::text_of(*created, "manifest");
    if (!can_be_digits(dseq) || made.manifest.empty()) return unreadable("deployment");
    made.dseq = dseq;
    const std::scoped_lock lock(mutex_);
    in_hand_.insert(dseq);
    return {};
  }

  /// Closes each deployment of the account that has no lease and is in nobody's hands: what a start that was cut off
  /// left behind. The console's list has no name or label of ours that could tell one from the other.
  result<void> close_ownerless() {
    const std::unique_lock none_is_created(creating_);
    std::vector<std::string> lost;
    for (int i = 0; i < most_pages; ++i) {
      const auto skip = static_cast<std::size_t>(i) * page;
      const auto answer =
          call("GET", "/v1/deployments?skip=" + std::to_string(skip) + "&limit=" + std::to_string(page));
      if (!answer) return answer.error();
      const auto* list = data::find_array(*answer, "deployments");
      if (list == nullptr) return unreadable("list of deployments");
      for (const auto& item : *list)
        if (auto dseq = without_lease(item); !dseq.empty() && !is_in_hand(dseq)) lost.push_back(std::move(dseq));
      if (list->size() < page) break;
    }
    for (const auto& dseq : lost)
      if (auto closed = stop({}, dseq); !closed) return closed;
    return {};
  }

  static std::string without_lease(const json::value& item) {
    const auto* outer = item.if_object();
    const auto* inner = outer == nullptr ? nullptr : data::find_object(*outer, "deployment");
    const auto* id = inner == nullptr ? nullptr : data::find_object(*inner, "id");
    const auto* leases = outer == nullptr ? nullptr : data::find_array(*outer, "leases");
    if (id == nullptr || leases == nullptr || !leases->empty() || data::text_of(*inner, "state") != "active") return {};
    auto dseq = std::string(data::text_of(*id, "dseq"));
    return can_be_digits(dseq) ? dseq : std::string();
  }

  bool is_in_hand(const std::string& dseq) const {
    const std::scoped_lock lock(mutex_);
    return in_hand_.contains(dseq);
  }

  static error unreadable(const char* what) {
    return error(errc::provider_error, std::string("Akash's answer is no ") + what);
  }

  /// What is in `data` of the answer, which may be a list: then as {"list": …}. Asked again while that makes sense, but
  /// not after `until`.
  result<json::object> call(const char* method, const std::string& path, const json::object* body = nullptr,
                            repeat again = repeat::always, time_point until = time_point::max()) const {
    auto pause = options_.pause;
    for (int attempt = 1;; ++attempt) {
      if (stop_.stop_requested()) return error(errc::canceled, "the server is stopping");
      http_request request(method, http::origin_of(options_.api_url) + path);
      request.timeout = again == repeat::always ? options_.timeout : options_.create_timeout;
      request.headers.emplace_back("x-api-key", options_.api_key);
      if (body == nullptr) request.headers.emplace_back("Content-Type", "application/json");
      const auto answer = http::ask(*http_, std::move(request), body);
      if (!answer) return answer.error();
      const auto status = answer->status;
      if (answer->is_success()) {
        const auto* top = answer->object();
        const auto* inner = top == nullptr ? nullptr : top->if_contains("data");
        if (inner != nullptr && inner->is_object()) return inner->get_object();
        if (inner != nullptr && inner->is_array()) return json::object{{"list", *inner}};
        return unreadable("JSON");
      }
      if (status == 404) return error(errc::not_found, "Akash knows nothing of the kind");
      const bool later = status == 429 || status == 503 || (status == 504 && again == repeat::always);
      if (!later || attempt == tries || time_->steady_now() >= until) {
        auto e = error(errc::provider_error, "Akash refused the request", "HTTP " + std::to_string(status));
        return status < 500 && status != 429 && status != 401 ? std::move(e).with_reason(refused_for_good) : e;
      }
      if (!wait(pause)) return error(errc::canceled, "the server is stopping");
      pause *= 2;
    }
  }

  result<std::vector<bid>> open_bids(const std::string& dseq, time_point until) const {
    const auto answer = call("GET", "/v1/bids?dseq=" + dseq, nullptr, repeat::always, until);
    if (!answer) return answer.error();
    const auto* list = data::find_array(*answer, "list");
    if (list == nullptr) return unreadable("list of bids");
    std::vector<bid> out;
    for (const auto& item : *list)
      if (auto one = read_bid(item); one && !refused_before(one->provider)) out.push_back(std::move(*one));
    std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.price < b.price; });
    return out;
  }

  /// The address of what runs.
  result<std::string> lease(const std::string& dseq, const std::string& manifest) {
    // By the clock, too: a console that is slow takes as long for a look as for many.
    const auto until = time_->steady_now() + options_.bids_within;
    const auto is_late = [&] { return time_->steady_now() >= until; };
    const auto looks = options_.pause.count() > 0 ? options_.bids_within / options_.pause : 20;
    for (std::int64_t look = 0; look <= looks; ++look) {
      const auto bids = open_bids(dseq, until);
      if (!bids) return bids.error();
      bool first = true;
      for (const auto& b : *bids) {
        if (!std::exchange(first, false) && is_late()) break;
        const json::object take{
            {"manifest", manifest},
            {"leases",
             json::array{json::object{{"dseq", dseq}, {"gseq", b.gseq}, {"oseq", b.oseq}, {"provider", b.provider}}}}};
        const auto taken = call("POST", "/v1/leases", &take, repeat::always, until);
        if (taken) return address_of(*taken);
        // Only a bid that is refused as such is its provider's doing.
        if (taken.error().reason() != refused_for_good) return taken.error();
        const std::scoped_lock lock(mutex_);
        refused_[b.provider] = std::chrono::steady_clock::now() + avoided_for;
      }
      if (is_late()) break;
      if (!wait(options_.pause)) return error(errc::canceled, "the server is stopping");
    }
    return error(errc::unavailable, "no provider at Akash takes the assistant");
  }

  static std::string address_of(const json::object& taken) {
    const auto* leases = data::find_array(taken, "leases");
    const auto* first = leases == nullptr || leases->empty() ? nullptr : leases->front().if_object();
    const auto* status = first == nullptr ? nullptr : data::find_object(*first, "status");
    const auto* services = status == nullptr ? nullptr : data::find_object(*status, "services");
    if (services == nullptr) return {};
    for (const auto& service : *services) {
      const auto* o = service.value().if_object();
      const auto* uris = o == nullptr ? nullptr : data::find_array(*o, "uris");
      if (uris == nullptr || uris->empty() || !uris->front().is_string()) continue;
      const auto uri = std::string(data::view(uris->front().get_string()));
      if (is_host_name(uri)) return "https://" + uri;
    }
    return {};
  }

  /// False: it is time to stop.
  bool wait(std::chrono::milliseconds time) const {
    const auto stop = stop_.get_token();
    std::mutex waiting;
    std::condition_variable_any woken;
    std::unique_lock lock(waiting);
    woken.wait_for(lock, stop, time, [] { return false; });
    return !stop.stop_requested();
  }

  bool refused_before(const std::string& provider) const {
    const std::scoped_lock lock(mutex_);
    const auto found = refused_.find(provider);
    return found != refused_.end() && std::chrono::steady_clock::now() < found->second;
  }

  akash_options options_;
  std::shared_ptr<http_client> http_;
  std::shared_ptr<clock> time_;
  std::stop_source stop_;
  std::shared_mutex creating_;  // shared by those who create: what was just made is in nobody's hands for a moment
  mutable std::mutex mutex_;
  std::set<std::string> in_hand_;  // deployments that `start` is at
  std::map<std::string, std::chrono::steady_clock::time_point>
      refused_;  // providers that took not what they bid for, until then
};

}  // namespace

std::shared_ptr<assistant_provisioner> make_akash_provisioner(akash_options options, environment parts) {
  if (!parts.time) parts.time = system_clock();
  return std::make_shared<akash_provisioner>(std::move(options), std::move(parts.http), std::move(parts.time));
}

}  // namespace v0
}  // namespace texbuild
