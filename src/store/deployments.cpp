#include "src/store/deployments.hpp"

#include "src/store/accounts.hpp"
#include "src/store/schema.hpp"

namespace texbuild {
inline namespace v0 {
namespace store {
namespace {

using status = deployment_status;

// Statuses are stored as numbers.
static_assert(static_cast<int>(status::pending) == 0 && static_cast<int>(status::deploying) == 1 &&
              static_cast<int>(status::active) == 2 && static_cast<int>(status::failed) == 3);

constexpr const char* over_message = "The subscription has ended.";
/// Its subscription is not over, but nothing is to run for it now.
constexpr std::string_view is_paused =
    "EXISTS (SELECT 1 FROM polar_subscriptions p WHERE p.id = deployments.subscription"
    " AND p.status NOT IN ('active', 'trialing', 'past_due'))";
constexpr const char* expired_message = "The checkout has expired.";

constexpr const char* columns =
    "id, owner, model, channel, tier, product, token, status, checkout, checkout_url, subscription, paid_at, ended_at,"
    " provisioner, place, provider_url, bot, message, created_at, updated_at";

deployment_row from_columns(const sql_row& row) {
  deployment_row r;
  r.shown.id = row.text(0);
  r.owner = row.text(1);
  r.shown.model = row.text(2);
  r.shown.channel = row.text(3);
  r.tier = row.text(4);
  r.product = row.text(5);
  r.token = row.text(6);
  r.shown.status = static_cast<status>(row.integer(7));
  r.checkout = row.text(8);
  r.checkout_url = row.text(9);
  r.subscription = row.text(10);
  r.paid = !row.is_null(11);
  r.ended = !row.is_null(12);
  r.provisioner = row.text(13);
  r.place = row.text(14);
  r.shown.provider_url = row.text(15);
  r.shown.bot = row.text(16);
  r.shown.error_message = row.text(17);
  r.shown.created_at = at(row.integer(18));
  r.shown.updated_at = at(row.integer(19));
  r.paused = row.integer(20) != 0;
  return r;
}

template <class... P>
std::vector<deployment_row> rows_where(statements& s, std::string_view condition, P&&... parameters) {
  std::vector<deployment_row> out;
  const auto sql = "SELECT " + text(columns) + ", CASE WHEN " + text(is_paused) +
                   " THEN 1 ELSE 0 END FROM deployments WHERE " + text(condition);
  for (const auto& row : s.run(sql, std::forward<P>(parameters)...)) out.push_back(from_columns(row));
  return out;
}

/// The deployment that some news is about: what we wrote into the metadata, else what it was paid at, else, for a
/// payment that names neither, the newest of this product that is not paid. `why_not` tells why there is none.
std::optional<deployment_row> meant(statements& s, const deployment_news& n, std::string& why_not) {
  std::vector<deployment_row> found;
  if (!n.deployment.empty()) found = rows_where(s, "id = $1", n.deployment);
  if (found.empty() && !n.checkout.empty()) found = rows_where(s, "checkout = $1 AND checkout <> ''", n.checkout);
  if (found.empty() && !n.subscription.empty())
    found = rows_where(s, "subscription = $1 AND subscription <> ''", n.subscription);
  if (found.empty() && !n.payment.empty())
    found = rows_where(s, "owner = $1 AND payment = $2 AND payment <> ''", n.owner, n.payment);
  if (found.empty() && n.paid && n.deployment.empty() && !n.product.empty())
    found = rows_where(s,
                       "owner = $1 AND product = $2 AND paid_at IS NULL AND ended_at IS NULL AND checkout <> ''"
                       " ORDER BY created_at DESC LIMIT 1",
                       n.owner, n.product);
  if (found.empty()) {
    why_not = "there is no deployment that it could be for";
    return std::nullopt;
  }
  const auto& row = found.front();
  // What one pays for is one's own, and is what was chosen; later a customer may change the product.
  const bool other_product = !n.product.empty() && n.product != row.product;
  if (row.owner != n.owner) why_not = "the deployment " + row.shown.id + " is another user's";
  if (n.paid && !row.paid && other_product) why_not = "the deployment " + row.shown.id + " is of another product";
  if (!why_not.empty()) return std::nullopt;
  return row;
}

}  // namespace

std::string learn_of_deployment(statements& s, const deployment_news& news, time now) {
  const bool to_start = news.paid && !news.over;
  std::string why_not;
  const auto row = meant(s, news, why_not);
  if (!row) return to_start ? why_not : std::string();
  const auto& id = row->shown.id;
  if (!news.subscription.empty() && row->subscription.empty())
    s.run("UPDATE deployments SET subscription = $2 WHERE id = $1", id, news.subscription);
  if (row->ended) return to_start ? "the deployment " + id + " is over" : std::string();
  if (news.over) {
    s.run("UPDATE deployments SET status = $2, message = $3, ended_at = $4, updated_at = $4 WHERE id = $1", id,
          static_cast<std::int64_t>(status::failed), text(over_message), seconds(now));
    note_change(s, "polar", row->owner, "deployment.ended", id, now);
  } else if (news.paid && !row->paid) {
    s.run("UPDATE deployments SET status = $2, message = '', paid_at = $3, updated_at = $3, payment = $4 WHERE id = $1",
          id, static_cast<std::int64_t>(status::pending), seconds(now), news.payment);
    note_change(s, "polar", row->owner, "deployment.paid", id, now);
  } else if (!news.checkout_failed.empty() && !row->paid) {
    s.run("UPDATE deployments SET status = $2, message = $3, updated_at = $4 WHERE id = $1", id,
          static_cast<std::int64_t>(status::failed), news.checkout_failed, seconds(now));
  }
  return {};
}

result<void> deployments_store::migrate() { return store::migrate(*db_); }

result<void> deployments_store::add(const deployment_row& row, time now) {
  return writing(*db_, [&](statements& s) {
    ensure_owner(s, row.owner, now);
    s.run(
        "INSERT INTO deployments (id, owner, model, channel, tier, product, token, status, created_at, updated_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8, $8)",
        row.shown.id, row.owner, row.shown.model, row.shown.channel, row.tier, row.product, row.token, seconds(now));
  });
}

result<void> deployments_store::set_checkout(std::string_view id, const std::string& checkout, const std::string& url,
                                             time now) {
  return writing(*db_, [&](statements& s) {
    s.run("UPDATE deployments SET checkout = $2, checkout_url = $3, updated_at = $4 WHERE id = $1", text(id), checkout,
          url, seconds(now));
    if (s.changed() == 0) throw refused{error(errc::provider_error, "Polar took too long; try again")};
  });
}

result<void> deployments_store::drop(std::string_view id) {
  return writing(*db_, [&](statements& s) {
    s.run("DELETE FROM deployments WHERE id = $1 AND checkout = '' AND paid_at IS NULL", text(id));
  });
}

result<std::uint64_t> deployments_store::drop_abandoned(time before) {
  return writing(*db_, [&](statements& s) {
    s.run("DELETE FROM deployments WHERE checkout = '' AND paid_at IS NULL AND created_at < $1", seconds(before));
    return static_cast<std::uint64_t>(s.changed());
  });
}

result<std::uint64_t> deployments_store::drop_unpaid(time before, std::uint64_t limit) {
  return writing(*db_, [&](statements& s) {
    s.run(
        "DELETE FROM deployments WHERE id IN (SELECT id FROM deployments WHERE paid_at IS NULL AND created_at < $1"
        " ORDER BY created_at LIMIT $2)",
        seconds(before), static_cast<std::int64_t>(limit));
    return static_cast<std::uint64_t>(s.changed());
  });
}

result<void> deployments_store::checkout_over(std::string_view id, time now) {
  return writing(*db_, [&](statements& s) {
    s.run("UPDATE deployments SET status = 3, message = $2, updated_at = $3 WHERE id = $1 AND paid_at IS NULL",
          text(id), text(expired_message), seconds(now));
  });
}

result<std::vector<deployment_row>> deployments_store::open_checkouts(std::string_view owner,
                                                                      const deployment_row& like) {
  return reading(*db_, [&](statements& s) {
    return rows_where(s,
                      "owner = $1 AND model = $2 AND channel = $3 AND tier = $4 AND product = $5 AND status = 0"
                      " AND paid_at IS NULL AND checkout <> '' ORDER BY created_at DESC LIMIT 3",
                      text(owner), like.shown.model, like.shown.channel, like.tier, like.product);
  });
}

result<std::vector<deployment_row>> deployments_store::of_owner(std::string_view owner) {
  return reading(*db_, [&](statements& s) {
    return rows_where(s,
                      "owner = $1 AND (checkout <> '' OR paid_at IS NOT NULL) ORDER BY created_at DESC, id DESC"
                      " LIMIT 100",
                      text(owner));
  });
}

result<std::optional<deployment_row>> deployments_store::find(std::string_view id) {
  return reading(*db_, [&](statements& s) -> std::optional<deployment_row> {
    auto rows = rows_where(s, "id = $1", text(id));
    if (rows.empty()) return std::nullopt;
    return std::move(rows.front());
  });
}

result<std::vector<deployments_store::due_start>> deployments_store::to_start() {
  return reading(*db_, [&](statements& s) {
    std::vector<due_start> out;
    for (const auto& row : s.run("SELECT id, rests FROM deployments WHERE paid_at IS NOT NULL AND asked_at IS NULL"
                                 " AND NOT " +
                                 text(is_paused) + " ORDER BY tried_at, paid_at LIMIT 100")) {
      auto id = row.text(0);
      auto name = "deployment-" + id + (row.integer(1) == 0 ? "" : "-" + std::to_string(row.integer(1)));
      out.push_back({std::move(id), std::move(name)});
    }
    return out;
  });
}

result<void> deployments_store::started(std::string_view id, time now) {
  return writing(*db_, [&](statements& s) {
    s.run("UPDATE deployments SET asked_at = COALESCE(asked_at, $2) WHERE id = $1", text(id), seconds(now));
  });
}

result<bool> deployments_store::move(std::string_view id, deployment_status to, std::string_view message, time now) {
  return writing(*db_, [&](statements& s) {
    s.run("UPDATE deployments SET status = $2, message = $3, updated_at = $4 WHERE id = $1 AND ended_at IS NULL",
          text(id), static_cast<std::int64_t>(to), text(message), seconds(now));
    return s.changed() > 0;
  });
}

result<void> deployments_store::set_bot(std::string_view id, std::string_view bot, time now) {
  return writing(*db_, [&](statements& s) {
    s.run("UPDATE deployments SET bot = $2, updated_at = $3 WHERE id = $1", text(id), text(bot), seconds(now));
  });
}

result<void> deployments_store::set_place(std::string_view id, std::string_view provisioner, std::string_view place,
                                          std::string_view provider_url, time now) {
  return writing(*db_, [&](statements& s) {
    s.run("UPDATE deployments SET provisioner = $2, place = $3, provider_url = $4, updated_at = $5 WHERE id = $1",
          text(id), text(provisioner), text(place), text(provider_url), seconds(now));
  });
}

result<void> deployments_store::clear_place(std::string_view id, std::string_view place, time now) {
  return writing(*db_, [&](statements& s) {
    s.run("UPDATE deployments SET place = '', provider_url = '', updated_at = $3 WHERE id = $1 AND place = $2",
          text(id), text(place), seconds(now));
  });
}

result<std::vector<deployment_row>> deployments_store::live(std::string_view provisioner) {
  return reading(*db_, [&](statements& s) {
    auto rows = rows_where(s, "status IN (1, 2) AND provisioner = $1 AND place <> '' AND ended_at IS NULL ORDER BY id",
                           text(provisioner));
    std::erase_if(rows, [](const auto& row) { return row.paused; });
    return rows;
  });
}

result<std::vector<deployment_row>> deployments_store::to_take_down() {
  return reading(*db_, [&](statements& s) {
    return rows_where(s, "place <> '' AND (ended_at IS NOT NULL OR status = 3) ORDER BY tried_at, id LIMIT 20");
  });
}

result<std::vector<deployment_row>> deployments_store::to_rest() {
  return reading(*db_, [&](statements& s) {
    return rows_where(s, "status = 2 AND place <> '' AND ended_at IS NULL AND " + text(is_paused) +
                             " ORDER BY tried_at, id LIMIT 20");
  });
}

result<void> deployments_store::rests(std::string_view id, std::string_view place, time now) {
  return writing(*db_, [&](statements& s) {
    s.run(
        "UPDATE deployments SET place = '', provider_url = '', asked_at = NULL, rests = rests + 1, updated_at = $3"
        " WHERE id = $1 AND place = $2",
        text(id), text(place), seconds(now));
  });
}

result<void> deployments_store::try_later(std::string_view id, time now) {
  return writing(*db_, [&](statements& s) {
    s.run("UPDATE deployments SET tried_at = $2 WHERE id = $1", text(id), seconds(now));
  });
}

result<void> deployments_store::seal_again(std::string_view id, const std::string& before, const std::string& token) {
  return writing(*db_, [&](statements& s) {
    s.run("UPDATE deployments SET token = $3 WHERE id = $1 AND token = $2", text(id), before, token);
  });
}

result<std::vector<deployment_row>> deployments_store::after(std::string_view id, std::uint64_t limit) {
  return reading(*db_, [&](statements& s) {
    return rows_where(s, "id > $1 ORDER BY id LIMIT $2", text(id), static_cast<std::int64_t>(limit));
  });
}

}  // namespace store
}  // namespace v0
}  // namespace texbuild
