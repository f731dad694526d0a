// A store in memory with short ways to fill it.
#pragma once

#include "src/store/build_store.hpp"

#include <texbuild/engine.hpp>

#include <gtest/gtest.h>

#include <string>

namespace texbuild_test {

using namespace texbuild;
using namespace std::chrono_literals;
using store::build_store;

inline const store::time start = std::chrono::sys_days(std::chrono::year(2026) / 11 / 24);

inline store::new_build a_build(std::string id, std::string owner = "ann", int priority = 0, std::string key = {}) {
  store::new_build b;
  b.id = std::move(id);
  b.request.owner = std::move(owner);
  b.request.priority = priority;
  b.request.idempotency_key = std::move(key);
  b.main_file = "main.tex";
  b.source_bytes = 100;
  b.now = start;
  b.expires_at = start + 24h;
  static const auto plans = plan_catalog::unlimited();
  b.plans = &plans;
  return b;
}

inline store::finished_build an_end(build_status status = build_status::completed) {
  store::finished_build end;
  end.status = status;
  end.engine = tex_engine::lualatex;
  end.message = "done";
  end.passes = 3;
  end.duration = 1234ms;
  end.storage_bytes = 350;
  end.report = R"({"diagnostics":[]})";
  return end;
}

class BuildStore : public ::testing::Test {
 protected:
  BuildStore() { EXPECT_TRUE(builds_.migrate()); }
  void add(std::string id, std::string owner = "ann", int priority = 0) {
    const auto added = builds_.add(a_build(std::move(id), std::move(owner), priority));
    ASSERT_TRUE(added) << added.error().cause();
  }
  store::claimed_build claim(store::time now = start) {
    auto job = builds_.claim("w", now, 30s);
    if (!job || !*job) {
      ADD_FAILURE() << "nothing to claim";
      return {};
    }
    return **job;
  }
  build_status status(std::string_view id) { return builds_.find(id).value().value().status; }

  plan_catalog plans_ = plan_catalog::unlimited();
  std::shared_ptr<database> db_ = open_sqlite(":memory:").value();
  build_store builds_{db_};
};

}  // namespace texbuild_test
