// Deployments: set up by the function, kept, taken down; and their keys.
#include "src/store/deployments.hpp"

#include <texbuild/assistants.hpp>
#include <texbuild/database.hpp>
#include <texbuild/function_runner.hpp>
#include <texbuild/http.hpp>
#include <texbuild/testing.hpp>

#include <boost/asio/thread_pool.hpp>
#include <gmock/gmock.h>

#include <mutex>
#include <set>

namespace {

using namespace texbuild;
using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

/// Notes what it is asked, and fails as often as it is told.
struct fake_provisioner final : assistant_provisioner {
  std::mutex mutex;
  std::vector<std::string> did;
  std::vector<std::string> kept;
  int failures = 0;
  bool stuck = false;  // cannot take anything down
  bool alone = false;
  std::function<void()> while_stopping;

  [[nodiscard]] std::string_view name() const noexcept override { return "fake"; }
  result<assistant_place> start(const assistant_job& job, const note& began) override {
    const std::scoped_lock lock(mutex);
    did.push_back("start " + job.channel_token + " " + job.model);
    if (auto noted = began(assistant_place("p" + std::to_string(did.size()))); !noted) return noted.error();
    if (failures-- > 0) return error(errc::unavailable, "no room");
    return assistant_place("p" + std::to_string(did.size()), "https://somewhere");
  }
  result<void> stop(std::string_view /*deployment*/, std::string_view place) override {
    const std::scoped_lock lock(mutex);
    did.push_back("stop " + std::string(place));
    if (stuck) return error(errc::unavailable, "stuck");
    if (while_stopping) while_stopping();
    return {};
  }
  result<void> keep(const std::vector<assistant_job>& jobs) override {
    const std::scoped_lock lock(mutex);
    kept.clear();
    for (const auto& j : jobs) kept.push_back(j.deployment);
    return {};
  }
  [[nodiscard]] bool goes_on_alone() const noexcept override { return alone; }
  void stop_waiting() override {}
};

class Assistants : public ::testing::Test {
 protected:
  Assistants() { open(); }
  ~Assistants() override { threads_.join(); }

  void open() {
    environment parts;
    parts.db = db;
    parts.time = time;
    parts.random = random;
    parts.http = std::make_shared<texbuild::testing::scripted_http>(threads_.get_executor(), [this](const auto&) {
      ++asked;
      http_response out;
      out.status = telegram_status;
      out.body = R"({"ok":)" + std::string(telegram_status == 200 ? "true" : "false") +
                 R"(,"result":{"id":123,"is_bot":true,"username":"demo_bot"}})";
      return result<http_response>(out);
    });
    assistants_options o;
    o.keys = keys;
    o.provisioners = {where};
    auto box = secret_box::make(keys, random).value();
    bots.emplace(assistants::open(o, box, parts).value());
    function_host host("texbuild");
    ASSERT_TRUE(bots->add_functions(host));
    runner.emplace(function_runner::open(std::move(host), {}, parts).value());
  }
  void add(const std::string& id, const std::string& owner = "ann") {
    store::deployment_row row;
    row.shown.id = id;
    row.owner = owner;
    row.shown.model = "m";
    row.shown.channel = "telegram";
    row.product = "product";
    row.token = secret_box::make(keys, random)->seal("123:token", "deployment:" + id);
    ASSERT_TRUE(rows.add(row, time->now()));
    ASSERT_TRUE(rows.set_checkout(id, "checkout_" + id, "https://pay", time->now()));
  }
  void tell(const std::string& id, bool paid, bool over = false) {
    ASSERT_TRUE(db->write([&](sql_session& session) -> result<void> {
      store::statements s(session);
      store::deployment_news news;
      news.owner = "ann";
      news.deployment = id;
      news.paid = paid;
      news.over = over;
      store::learn_of_deployment(s, news, time->now());
      return {};
    }));
  }
  /// Of all deployments.
  void subscription(const std::string& status) {
    ASSERT_TRUE(db->write([&](sql_session& s) -> result<void> {
      if (auto row = s.run("INSERT INTO polar_subscriptions (id, owner, product, status, modified_at) VALUES"
                           " ('sub', 'ann', 'product', $1, 1) ON CONFLICT (id) DO UPDATE SET status = excluded.status",
                           status);
          !row)
        return row.error();
      if (auto set = s.run("UPDATE deployments SET subscription = 'sub'"); !set) return set.error();
      return {};
    }));
  }
  void set_up(const std::string& id) {
    add(id);
    tell(id, true);
    EXPECT_EQ(bots->start_paid(*runner).value(), 1U);
    run();
  }
  void run() {
    for (int i = 0; i < 10; ++i) {
      ASSERT_TRUE(runner->run_due());
      time->advance(20s);
    }
  }
  deployment at(const std::string& id) { return bots->find(id).value(); }

  std::shared_ptr<database> db = open_sqlite(":memory:").value();
  std::shared_ptr<texbuild::testing::manual_clock> time =
      std::make_shared<texbuild::testing::manual_clock>(std::chrono::sys_days(std::chrono::year(2026) / 11 / 24));
  std::shared_ptr<texbuild::testing::fixed_entropy> random = std::make_shared<texbuild::testing::fixed_entropy>(5);
  std::shared_ptr<fake_provisioner> where = std::make_shared<fake_provisioner>();
  std::vector<std::string> keys{std::string(32, 'k')};
  store::deployments_store rows{db};
  int telegram_status = 200;
  int asked = 0;
  std::optional<assistants> bots;
  std::optional<function_runner> runner;

  static constexpr const char* one = "11111111-1111-4111-8111-111111111111";

 private:
  boost::asio::thread_pool threads_{1};
};

TEST_F(Assistants, KeepAPlaceThatWasNotedWhileAnOlderOneWasTakenDown) {
  set_up(one);
  where->while_stopping = [this] { ASSERT_TRUE(rows.set_place(one, "fake", "newer", "", time->now())); };
  tell(one, false, true);
  ASSERT_TRUE(bots->supervise({}));
  EXPECT_EQ(rows.find(one).value()->place, "newer");
  where->while_stopping = nullptr;
  ASSERT_TRUE(bots->supervise({}));
  EXPECT_EQ(where->did.back(), "stop newer");
  EXPECT_EQ(rows.find(one).value()->place, "");
}

TEST_F(Assistants, AreNotGoneThroughForAProvisionerWhereTheyGoOnAlone) {
  set_up(one);
  where->kept = {"untouched"};
  where->alone = true;
  ASSERT_TRUE(bots->supervise({}));
  EXPECT_THAT(where->kept, ElementsAre("untouched"));
  where->alone = false;
  ASSERT_TRUE(bots->supervise({}));
  EXPECT_THAT(where->kept, ElementsAre(one));
}

TEST_F(Assistants, AreSetUpOnceTheyArePaid) {
  add(one);
  EXPECT_EQ(bots->start_paid(*runner).value(), 0U);
  tell(one, true);
  EXPECT_EQ(bots->start_paid(*runner).value(), 1U);
  EXPECT_EQ(bots->start_paid(*runner).value(), 0U);
  run();
  EXPECT_EQ(at(one).status, deployment_status::active);
  EXPECT_EQ(at(one).bot, "demo_bot");
  EXPECT_EQ(at(one).provider_url, "https://somewhere");
  EXPECT_THAT(where->did, ElementsAre("start 123:token m"));
  ASSERT_TRUE(bots->supervise());
  EXPECT_THAT(where->kept, ElementsAre(one));
}

TEST_F(Assistants, AreSetUpOnceThoughACrashForgotThatTheyWereBegun) {
  add(one);
  tell(one, true);
  function_event sent(std::string(assistants::requested_event), json_text::object({{"deployment_id", one}}));
  sent.id = std::string("deployment-") + one;
  ASSERT_TRUE(runner->send({sent}));  // and killed before that was noted
  open();
  EXPECT_EQ(bots->start_paid(*runner).value(), 1U);
  run();
  EXPECT_THAT(where->did, ElementsAre("start 123:token m"));
}

/// Takes events but for some deployments.
struct picky_sink final : event_sink {
  std::set<std::string> refuses;
  std::vector<std::string> took;
  int asked = 0;

  result<std::vector<std::string>> send(const std::vector<function_event>& events) override {
    ++asked;
    const auto id = events.front().id.substr(std::string("deployment-").size());
    if (refuses.contains(id)) return error(errc::unavailable, "not this one");
    took.push_back(id);
    return std::vector<std::string>{events.front().id};
  }
};

TEST_F(Assistants, AreBegunThoughOthersCannotBe) {
  picky_sink sink;
  std::vector<std::string> ids;
  for (int i = 10; i < 30; ++i) {
    ids.push_back("00000000-0000-4000-8000-0000000000" + std::to_string(i));
    add(ids.back());
    tell(ids.back(), true);
    if (i < 22) sink.refuses.insert(ids.back());
    time->advance(1s);
  }
  EXPECT_FALSE(bots->start_paid(sink));
  EXPECT_LT(sink.asked, 10);  // a service that is down is not asked for all of them
  time->advance(1s);
  for (int i = 0; i < 2; ++i) EXPECT_FALSE(bots->start_paid(sink));
  EXPECT_EQ(sink.took.size(), 8U);
  sink.refuses.clear();
  time->advance(1s);
  EXPECT_EQ(bots->start_paid(sink).value(), 12U);
  EXPECT_EQ(bots->start_paid(sink).value(), 0U);
}

TEST_F(Assistants, AreTriedThreeTimesAndCleanedUpInBetween) {
  where->failures = 2;
  set_up(one);
  EXPECT_EQ(at(one).status, deployment_status::active);
  EXPECT_THAT(where->did,
              ElementsAre("start 123:token m", "stop p1", "start 123:token m", "stop p3", "start 123:token m"));
}

TEST_F(Assistants, HaveFailedAfterTheThirdTime) {
  where->failures = 3;
  set_up(one);
  EXPECT_EQ(at(one).status, deployment_status::failed);
  EXPECT_EQ(at(one).error_message, "no room");
  EXPECT_EQ(where->did.back(), "stop p5");
  ASSERT_TRUE(bots->supervise());
  EXPECT_THAT(where->kept, IsEmpty());
}

TEST_F(Assistants, FailAtOnceWhenTelegramRefusesTheToken) {
  telegram_status = 401;
  set_up(one);
  EXPECT_EQ(at(one).status, deployment_status::failed);
  EXPECT_EQ(at(one).error_message, "Telegram refuses the bot token");
  EXPECT_EQ(asked, 1);
  EXPECT_THAT(where->did, IsEmpty());
}

TEST_F(Assistants, WaitForATelegramThatIsDown) {
  add(one);
  tell(one, true);
  ASSERT_TRUE(bots->start_paid(*runner));
  telegram_status = 502;
  ASSERT_TRUE(runner->run_due());
  EXPECT_EQ(at(one).status, deployment_status::deploying);
  telegram_status = 200;
  run();
  EXPECT_EQ(at(one).status, deployment_status::active);
}

TEST_F(Assistants, AreTakenDownWithTheirSubscription) {
  set_up(one);
  tell(one, false, true);
  where->stuck = true;
  EXPECT_FALSE(bots->supervise());
  where->stuck = false;
  ASSERT_TRUE(bots->supervise());
  EXPECT_THAT(where->kept, IsEmpty());
  const auto times = where->did.size();
  EXPECT_EQ(where->did.back(), "stop p1");
  ASSERT_TRUE(bots->supervise());
  EXPECT_EQ(where->did.size(), times);
}

TEST_F(Assistants, DoNotComeUpAfterTheirSubscriptionEndedInBetween) {
  add(one);
  tell(one, true);
  ASSERT_TRUE(bots->start_paid(*runner));
  tell(one, false, true);
  run();
  EXPECT_EQ(at(one).status, deployment_status::failed);
  EXPECT_THAT(where->did, IsEmpty());
}

TEST_F(Assistants, HaveKeysThatStandForTheirOwners) {
  set_up(one);
  const auto key = bots->key_of(one);
  EXPECT_TRUE(assistants::is_key(key));
  EXPECT_EQ(bots->verify_key(key).value(), "ann");
  auto wrong = key;
  wrong.back() = wrong.back() == '0' ? '1' : '0';
  for (const auto& bad : {wrong, key.substr(1), key + "0", std::string("tba_"), std::string(),
                          bots->key_of("22222222-2222-4222-8222-222222222222")})
    EXPECT_EQ(bots->verify_key(bad).error().code(), errc::unauthorized) << bad;
  tell(one, false, true);
  EXPECT_EQ(bots->verify_key(key).error().code(), errc::unauthorized);
}

TEST_F(Assistants, MayDoNothingWhileTheirSubscriptionIsPaused) {
  set_up(one);
  subscription("paused");
  EXPECT_EQ(bots->verify_key(bots->key_of(one)).error().code(), errc::unauthorized);
  ASSERT_TRUE(bots->supervise());
  EXPECT_THAT(where->kept, IsEmpty());
  EXPECT_EQ(at(one).status, deployment_status::active);
}

TEST_F(Assistants, CostNothingInAPauseAndRunAgainAfterIt) {
  set_up(one);
  for (int pause = 0; pause < 2; ++pause) {
    where->did.clear();
    subscription("paused");
    where->stuck = true;
    EXPECT_FALSE(bots->supervise());
    where->stuck = false;
    ASSERT_TRUE(bots->supervise());
    ASSERT_TRUE(bots->supervise());
    EXPECT_THAT(where->did, ::testing::SizeIs(2));  // stopped, at the second attempt
    EXPECT_EQ(bots->start_paid(*runner).value(), 0U);
    subscription("active");
    EXPECT_EQ(bots->start_paid(*runner).value(), 1U);
    EXPECT_EQ(bots->start_paid(*runner).value(), 0U);
    run();
    EXPECT_THAT(where->did.back(), HasSubstr("start 123:token"));
    EXPECT_EQ(at(one).status, deployment_status::active);
    ASSERT_TRUE(bots->supervise());
    EXPECT_THAT(where->kept, ElementsAre(one));
  }
}

TEST_F(Assistants, TakeDownFirstWhatADeadProcessHadBegun) {
  add(one);
  tell(one, true);
  ASSERT_TRUE(rows.set_place(one, "fake", "creating", "", time->now()));
  ASSERT_TRUE(bots->start_paid(*runner));
  run();
  EXPECT_EQ(where->did.front(), "stop creating");
  EXPECT_EQ(at(one).status, deployment_status::active);
}

TEST_F(Assistants, AreNotBegunInAPause) {
  add(one);
  tell(one, true);
  subscription("paused");
  EXPECT_EQ(bots->start_paid(*runner).value(), 0U);
  subscription("active");
  EXPECT_EQ(bots->start_paid(*runner).value(), 1U);
}

TEST_F(Assistants, ThatEndInAPauseAreNotBegunAgain) {
  set_up(one);
  subscription("paused");
  ASSERT_TRUE(bots->supervise());
  where->did.clear();
  tell(one, false, true);
  subscription("canceled");
  ASSERT_TRUE(bots->start_paid(*runner));
  run();
  EXPECT_THAT(where->did, IsEmpty());
  EXPECT_EQ(at(one).status, deployment_status::failed);
}

TEST_F(Assistants, AreAllTakenDownThoughSomeCannotBe) {
  std::vector<std::string> ids;
  for (int i = 10; i < 35; ++i) {
    ids.push_back("00000000-0000-4000-8000-0000000000" + std::to_string(i));
    set_up(ids.back());
    tell(ids.back(), false, true);
  }
  where->stuck = true;
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(bots->supervise());
    time->advance(1s);
  }
  std::set<std::string> tried;
  for (const auto& what : where->did)
    if (what.starts_with("stop")) tried.insert(what);
  EXPECT_EQ(tried.size(), ids.size());
}

TEST_F(Assistants, KeepTheirKeysAndTokensWhenTheSecretChanges) {
  set_up(one);
  const auto before = bots->key_of(one);
  keys.insert(keys.begin(), std::string(32, 'n'));
  open();
  EXPECT_EQ(bots->verify_key(before).value(), "ann");
  EXPECT_NE(bots->key_of(one), before);
  EXPECT_EQ(bots->seal_again().value(), 1U);
  EXPECT_EQ(bots->seal_again().value(), 0U);
  keys.pop_back();
  open();
  ASSERT_TRUE(bots->supervise());  // the token opens with the new secret alone
  EXPECT_THAT(where->kept, ElementsAre(one));
}

TEST_F(Assistants, SayWhenATokenCanNoLongerBeRead) {
  add(one);
  tell(one, true);
  keys = {std::string(32, 'x')};
  open();
  ASSERT_TRUE(bots->start_paid(*runner));
  run();
  EXPECT_EQ(at(one).status, deployment_status::failed);
  EXPECT_THAT(at(one).error_message, HasSubstr("can no longer be read"));
}

TEST_F(Assistants, AreListedForTheirOwnerOnly) {
  add(one);
  EXPECT_EQ(bots->list("ann").value().size(), 1U);
  EXPECT_THAT(bots->list("bob").value(), IsEmpty());
  EXPECT_EQ(bots->find("22222222-2222-4222-8222-222222222222").error().code(), errc::not_found);
}

}  // namespace
