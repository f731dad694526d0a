// open_sqlite: one connection that writes, a few that read. In WAL mode readers and the writer do not wait for each
// other.
#include "src/sqlite/connection.hpp"

#include <cerrno>
#include <condition_variable>
#include <fcntl.h>
#include <mutex>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace texbuild {
inline namespace v0 {
namespace sqlite {
namespace {

constexpr std::size_t most_readers = 8;
int for_writing() { return SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE | SQLite::OPEN_NOMUTEX; }

class file_database final : public database {
 public:
  file_database(std::string file, durability commits) : file_(std::move(file)), writer_(file_, for_writing()) {
    writer_.execute("PRAGMA journal_mode = WAL");
    // NORMAL would lose the last commits when the power fails; what was accepted has to survive that.
    writer_.execute(commits == durability::full ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = OFF");
    writer_.execute("PRAGMA journal_size_limit = 67108864");
  }

  result<void> write(const std::function<result<void>(sql_session&)>& body) override {
    const std::scoped_lock lock(writing_);
    return writer_.transaction("BEGIN IMMEDIATE", body);
  }

  result<void> read(const std::function<result<void>(sql_session&)>& body) override {
    try {
      const loan reader(*this);
      return reader->transaction("BEGIN", body);
    } catch (const SQLite::Exception& e) {
      return to_error(e);
    }
  }

 private:
  /// A reader taken out of the pool; comes back by itself.
  class loan {
   public:
    explicit loan(file_database& of) : of_(of), reader_(of.take()) {}
    loan(const loan&) = delete;
    loan& operator=(const loan&) = delete;
    ~loan() { of_.bring_back(std::move(reader_)); }
    connection* operator->() const { return reader_.get(); }

   private:
    file_database& of_;
    std::unique_ptr<connection> reader_;
  };

  std::unique_ptr<connection> take() {
    {
      std::unique_lock lock(reading_);
      back_.wait(lock, [this] { return !idle_.empty() || readers_ < most_readers; });
      if (!idle_.empty()) {
        auto reader = std::move(idle_.back());
        idle_.pop_back();
        return reader;
      }
      ++readers_;
    }
    try {
      auto reader = std::make_unique<connection>(file_, SQLite::OPEN_READWRITE | SQLite::OPEN_NOMUTEX);
      reader->execute("PRAGMA query_only = ON");
      return reader;
    } catch (...) {
      const std::scoped_lock lock(reading_);
      --readers_;
      back_.notify_one();
      throw;
    }
  }

  void bring_back(std::unique_ptr<connection> reader) {
    const std::scoped_lock lock(reading_);
    idle_.push_back(std::move(reader));
    back_.notify_one();
  }

  std::string file_;
  std::mutex writing_;
  connection writer_;
  std::mutex reading_;
  std::condition_variable back_;
  std::size_t readers_ = 0;
  std::vector<std::unique_ptr<connection>> idle_;
};

/// One connection: a second one would see another database.
class memory_database final : public database {
 public:
  memory_database() : only_(":memory:", for_writing()) {}

  result<void> write(const std::function<result<void>(sql_session&)>& body) override {
    const std::scoped_lock lock(mutex_);
    return only_.transaction("BEGIN IMMEDIATE", body);
  }

  result<void> read(const std::function<result<void>(sql_session&)>& body) override {
    const std::scoped_lock lock(mutex_);
    struct writable_again {
      connection& of;
      explicit writable_again(connection& c) : of(c) { of.execute("PRAGMA query_only = ON"); }
      writable_again(const writable_again&) = delete;
      writable_again& operator=(const writable_again&) = delete;
      ~writable_again() { (void)of.run("PRAGMA query_only = OFF"); }
    } const afterwards(only_);
    return only_.transaction("BEGIN", body);
  }

 private:
  std::mutex mutex_;
  connection only_;
};

/// The file for its owner only; SQLite gives `-wal` and `-shm` the same mode. A file that is there already is not
/// opened here: closing it would drop the locks that SQLite holds on it in this process.
result<void> make_private(const std::filesystem::path& file) {
  const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd >= 0) {
    ::close(fd);
    return {};
  }
  struct stat facts = {};
  if (errno != EEXIST || ::stat(file.c_str(), &facts) != 0) {
    return error(errc::unavailable, "the database cannot be opened", std::generic_category().message(errno));
  }
  if (!S_ISREG(facts.st_mode)) return error(errc::unavailable, "the database is no file", file.string());
  if ((facts.st_mode & 0077) != 0) (void)::chmod(file.c_str(), 0600);
  return {};
}

}  // namespace
}  // namespace sqlite

result<std::shared_ptr<database>> open_sqlite(const std::filesystem::path& file, durability commits) {
  try {
    if (file == ":memory:") return std::shared_ptr<database>(std::make_shared<sqlite::memory_database>());
    if (auto made = sqlite::make_private(file); !made) return made.error();
    // "./" keeps SQLite from reading a relative name as a URI or as one of its special names.
    const auto name = file.is_absolute() ? file : std::filesystem::path("./") / file;
    return std::shared_ptr<database>(std::make_shared<sqlite::file_database>(name.string(), commits));
  } catch (const SQLite::Exception& e) {
    auto failed = sqlite::to_error(e);
    if (failed.code() != errc::internal) return failed;
    return error(errc::unavailable, "the database cannot be opened", e.what());
  }
}

}  // namespace v0
}  // namespace texbuild
