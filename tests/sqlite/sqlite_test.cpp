#include <texbuild/database.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

namespace {

using namespace texbuild;

class SqliteFile : public ::testing::Test {
 protected:
  SqliteFile() {
    std::string name = (std::filesystem::temp_directory_path() / "texbuild-sqlite-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  ~SqliteFile() override { std::filesystem::remove_all(folder_); }
  std::shared_ptr<database> open() { return open_sqlite(folder_ / "t.db").value(); }
  std::filesystem::path folder_;
};

result<void> statement(database& db, const char* sql) {
  return db.write([&](sql_session& s) -> result<void> {
    if (auto r = s.run(sql); !r) return r.error();
    return {};
  });
}

std::int64_t number(database& db, const char* sql) {
  std::int64_t n = -1;
  auto done = db.read([&](sql_session& s) -> result<void> {
    auto rows = s.run(sql);
    if (!rows) return rows.error();
    n = rows->at(0).integer(0);
    return {};
  });
  EXPECT_TRUE(done) << done.error().cause();
  return n;
}

TEST_F(SqliteFile, KeepsValuesOfEveryTypeAsTheyWere) {
  const auto db = open();
  ASSERT_TRUE(statement(*db, "CREATE TABLE t (a BIGINT, b DOUBLE PRECISION, c TEXT, d TEXT)"));
  const std::string odd("x\0y\xC3\xA9", 5);
  ASSERT_TRUE(db->write([&](sql_session& s) -> result<void> {
    auto r = s.run("INSERT INTO t VALUES ($3, $2, $1, $4)", odd, 1.5, std::int64_t{1} << 62, sql_value());
    EXPECT_EQ(s.changed(), 1);
    if (!r) return r.error();
    return {};
  }));
  ASSERT_TRUE(db->read([&](sql_session& s) -> result<void> {
    const auto rows = s.run("SELECT a, b, c, d FROM t");
    EXPECT_EQ(rows->at(0).integer(0), std::int64_t{1} << 62);
    EXPECT_EQ(rows->at(0).real(1), 1.5);
    EXPECT_EQ(rows->at(0).text(2), odd);
    EXPECT_TRUE(rows->at(0).is_null(3));
    EXPECT_EQ(rows->at(0).text(3), "");
    EXPECT_EQ(rows->at(0).maybe_integer(3), std::nullopt);
    return {};
  }));
}

TEST_F(SqliteFile, UndoesEverythingWhenTheBodyGivesAnErrorOrThrows) {
  const auto db = open();
  ASSERT_TRUE(statement(*db, "CREATE TABLE t (a BIGINT)"));
  const auto refused = db->write([](sql_session& s) -> result<void> {
    (void)s.run("INSERT INTO t VALUES (1)");
    return error(errc::forbidden);
  });
  EXPECT_EQ(refused.error().code(), errc::forbidden);
  EXPECT_THROW((void)db->write([](sql_session& s) -> result<void> {
    (void)s.run("INSERT INTO t VALUES (1)");
    throw std::runtime_error("body");
  }),
               std::runtime_error);
  EXPECT_EQ(number(*db, "SELECT count(*) FROM t"), 0);
  EXPECT_TRUE(statement(*db, "INSERT INTO t VALUES (1)"));
}

TEST_F(SqliteFile, SaysConflictForBrokenConstraintsAndShowsNoSql) {
  const auto db = open();
  ASSERT_TRUE(statement(*db, "CREATE TABLE p (a BIGINT PRIMARY KEY)"));
  ASSERT_TRUE(statement(*db, "CREATE TABLE c (a BIGINT REFERENCES p (a))"));
  ASSERT_TRUE(statement(*db, "INSERT INTO p VALUES (1)"));
  EXPECT_EQ(statement(*db, "INSERT INTO p VALUES (1)").error().code(), errc::conflict);
  EXPECT_EQ(statement(*db, "INSERT INTO c VALUES (2)").error().code(), errc::conflict);
  const auto wrong = statement(*db, "INSERT INTO nowhere VALUES (2)");
  EXPECT_EQ(wrong.error().code(), errc::internal);
  EXPECT_EQ(wrong.error().detail().find("nowhere"), std::string::npos);
}

TEST_F(SqliteFile, RefusesAParameterThatTheStatementDoesNotHave) {
  const auto db = open();
  const auto r = db->read([](sql_session& s) -> result<void> {
    auto rows = s.run("SELECT 1", std::int64_t{1});
    if (!rows) return rows.error();
    return {};
  });
  EXPECT_EQ(r.error().code(), errc::internal);
}

TEST_F(SqliteFile, ReadCannotWrite) {
  for (const auto& db : {open(), open_sqlite(":memory:").value()}) {
    ASSERT_TRUE(statement(*db, "CREATE TABLE t (a BIGINT)"));
    const auto r = db->read([](sql_session& s) -> result<void> {
      auto rows = s.run("INSERT INTO t VALUES (1)");
      if (!rows) return rows.error();
      return {};
    });
    EXPECT_FALSE(r);
    EXPECT_TRUE(statement(*db, "INSERT INTO t VALUES (1)"));
  }
}

TEST_F(SqliteFile, AReaderSeesOneSnapshotWhileOthersWrite) {
  const auto db = open();
  ASSERT_TRUE(statement(*db, "CREATE TABLE t (a BIGINT)"));
  ASSERT_TRUE(db->read([&](sql_session& s) -> result<void> {
    EXPECT_EQ(s.run("SELECT count(*) FROM t")->at(0).integer(0), 0);
    EXPECT_TRUE(statement(*db, "INSERT INTO t VALUES (1)"));
    EXPECT_EQ(s.run("SELECT count(*) FROM t")->at(0).integer(0), 0);
    return {};
  }));
  EXPECT_EQ(number(*db, "SELECT count(*) FROM t"), 1);
}

TEST_F(SqliteFile, ManyThreadsAndTwoObjectsOnOneFileLoseNoUpdate) {
  const auto one = open();
  const auto two = open();
  ASSERT_TRUE(statement(*one, "CREATE TABLE t (n BIGINT)"));
  ASSERT_TRUE(statement(*one, "INSERT INTO t VALUES (0)"));
  std::atomic<int> failures = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 20; ++i) {
      threads.emplace_back([&, i] {
        auto& db = i % 2 == 0 ? *one : *two;
        for (int k = 0; k < 10; ++k) {
          const bool read = static_cast<bool>(db.read([](sql_session& s) -> result<void> {
            auto r = s.run("SELECT n FROM t");
            if (!r) return r.error();
            return {};
          }));
          if (!read || !statement(db, "UPDATE t SET n = n + 1")) ++failures;
        }
      });
    }
  }
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(number(*two, "SELECT n FROM t"), 200);
}

TEST_F(SqliteFile, IsForItsOwnerOnlyAndSyncsEveryCommit) {
  { std::ofstream(folder_ / "t.db"); }
  ::chmod((folder_ / "t.db").c_str(), 0644);
  const auto db = open();
  ASSERT_TRUE(statement(*db, "CREATE TABLE t (a BIGINT)"));
  for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
    EXPECT_EQ(entry.status().permissions(), std::filesystem::perms::owner_read | std::filesystem::perms::owner_write)
        << entry.path();
  }
  ASSERT_TRUE(db->write([](sql_session& s) -> result<void> {
    EXPECT_EQ(s.run("PRAGMA journal_mode")->at(0).text(0), "wal");
    EXPECT_EQ(s.run("PRAGMA synchronous")->at(0).integer(0), 2);
    EXPECT_EQ(s.run("PRAGMA foreign_keys")->at(0).integer(0), 1);
    return {};
  }));
}

TEST_F(SqliteFile, SaysUnavailableForWhatIsNoDatabase) {
  { std::ofstream(folder_ / "t.db") << std::string(4096, 'x'); }
  EXPECT_EQ(open_sqlite(folder_ / "t.db").error().code(), errc::unavailable);
  EXPECT_EQ(open_sqlite(folder_ / "none" / "t.db").error().code(), errc::unavailable);
  EXPECT_EQ(open_sqlite(folder_).error().code(), errc::unavailable);
}

TEST(SqliteMemory, IsPrivateToItsObject) {
  const auto one = open_sqlite(":memory:").value();
  const auto two = open_sqlite(":memory:").value();
  ASSERT_TRUE(statement(*one, "CREATE TABLE t (a BIGINT)"));
  EXPECT_FALSE(statement(*two, "INSERT INTO t VALUES (1)"));
}

}  // namespace
