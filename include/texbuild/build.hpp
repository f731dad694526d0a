/// @file
/// The values that describe a build: what is asked for, how it stands, what came of it.
#pragma once

#include <texbuild/blob_store.hpp>
#include <texbuild/error.hpp>

#include <chrono>
#include <cstdint>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace texbuild {
inline namespace v0 {

/// The TeX engine. `automatic`: `% !TEX program`, else what the preamble needs, else pdflatex.
enum class tex_engine { pdflatex, xelatex, lualatex, automatic };

/// "pdflatex", "xelatex", "lualatex", "auto".
TEXBUILD_API std::string_view to_string(tex_engine engine) noexcept;
/// The reverse; empty for any other word.
TEXBUILD_API std::optional<tex_engine> parse_tex_engine(std::string_view word) noexcept;

/// pending → compiling → completed, failed or canceled; then expired or deleted. It never goes backwards, except
/// compiling → pending when a worker died. Do not change the values: they are stored.
enum class build_status {
  pending = 0,
  compiling = 1,
  completed = 2,
  failed = 3,
  canceled = 4,
  expired = 5,
  deleted = 6,
};

/// "pending", "compiling", …
TEXBUILD_API std::string_view to_string(build_status status) noexcept;
TEXBUILD_API std::optional<build_status> parse_build_status(std::string_view word) noexcept;
/// Whether nothing more will happen in the engine: anything but pending and compiling.
[[nodiscard]] constexpr bool has_ended(build_status status) noexcept {
  return status != build_status::pending && status != build_status::compiling;
}

/// What is asked for.
struct build_request {
  std::string owner;  ///< whose build; "" for a host with no users
  tex_engine engine = tex_engine::pdflatex;
  std::optional<std::string> main_file;  ///< empty: see `project::main_file`
  bool shell_escape = false;             ///< refused (`errc::forbidden`) unless the engine's options allow it
  std::string idempotency_key;           ///< the same key and owner give the same build again
  /// Which document this is, at most 200 bytes: builds of one project (and owner, main file, engine) begin with the aux
  /// files that its last good build left. "": told by the names of its .tex, .bib, .sty, … files.
  std::string project;
  int priority = 0;                  ///< higher goes first
  std::chrono::seconds lifetime{0};  ///< until it expires; 0: the engine's retention policy

  build_request() = default;
};

/// How bad a diagnostic is.
enum class severity { error, warning, info };
TEXBUILD_API std::string_view to_string(severity level) noexcept;

/// One message about the document.
struct diagnostic {
  severity level = severity::error;
  std::string file;     ///< relative to the project; "" if not known
  int line = 0;         ///< 1-based; 0 if not known
  std::string message;  ///< one line
  std::string context;  ///< source or log lines around it; may be empty

  diagnostic() = default;
  diagnostic(severity l, std::string f, int n, std::string m, std::string c = {})
      : level(l), file(std::move(f)), line(n), message(std::move(m)), context(std::move(c)) {}
  friend bool operator==(const diagnostic&, const diagnostic&) = default;
};

/// `file:line: message`, leaving out what is not known.
TEXBUILD_API std::string to_string(const diagnostic& d);
TEXBUILD_API std::ostream& operator<<(std::ostream& out, const diagnostic& d);

/// A build as it stands. Times are wall times of the engine's clock, with whole seconds.
struct build_info {
  using time_point = std::chrono::system_clock::time_point;

  std::string id;  ///< "bld_" and a time-sortable, random rest
  std::string owner;
  build_status status = build_status::pending;
  tex_engine engine = tex_engine::pdflatex;  ///< never `automatic` once compiling
  std::string main_file;
  bool shell_escape = false;
  std::string message;                    ///< why it failed or what it does, for a person
  int progress = 0;                       ///< 0 … 100, never falling
  int passes = 0;                         ///< runs of the TeX engine
  std::chrono::milliseconds duration{0};  ///< of compiling
  bool cached = false;                    ///< an earlier result of the same sources; nothing was run
  std::uint64_t storage_bytes = 0;        ///< sources and artifacts kept for it
  time_point created_at;
  time_point updated_at;
  time_point expires_at;
  std::optional<time_point> completed_at;  ///< when it ended

  build_info() = default;
};

/// A file that a build left, open for reading: it stays readable after the build is gone. Copies share it.
class TEXBUILD_API artifact {
 public:
  artifact(std::string name, std::string key, std::shared_ptr<const blob> bytes)
      : name_(std::move(name)), key_(std::move(key)), bytes_(std::move(bytes)) {}
  /// Such as "paper.pdf".
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  /// Where it is in the blob store, such as "builds/bld_…/1/paper.pdf".
  [[nodiscard]] const std::string& key() const noexcept { return key_; }
  [[nodiscard]] const blob& bytes() const noexcept { return *bytes_; }
  [[nodiscard]] const std::shared_ptr<const blob>& share() const noexcept { return bytes_; }
  /// Writes it to a file, which appears whole or not at all. Blocks.
  [[nodiscard]] result<void> save_to(const std::filesystem::path& file) const { return bytes_->save_to(file); }

 private:
  std::string name_;
  std::string key_;
  std::shared_ptr<const blob> bytes_;
};

/// Name and size of a file that a build left.
struct output_file {
  std::string name;
  std::uint64_t bytes = 0;
};

/// What came of a build. It succeeded when `info.status` is `completed`; a failed one may have a (partial) PDF too.
struct build_outcome {
  build_info info;
  std::vector<diagnostic> diagnostics;  ///< errors first
  std::vector<output_file> outputs;     ///< everything that was kept
  std::optional<artifact> pdf;
  std::optional<artifact> synctex;
  std::optional<artifact> log;

  build_outcome() = default;
  [[nodiscard]] bool succeeded() const noexcept { return info.status == build_status::completed; }
};

/// What happens while a build runs.
struct build_event {
  enum class kind {
    status,      ///< `status` and `text` changed
    pass,        ///< a program starts: `text` is its name, `pass` the number of the engine's run
    page,        ///< `page` was finished, of `pages` (0 if not known)
    output,      ///< `text` is a line of the program's output
    diagnostic,  ///< `note` was found
  };
  std::uint64_t sequence = 0;  ///< counts up from 1 for each build
  kind what = kind::status;
  build_status status = build_status::pending;
  int progress = 0;
  int pass = 0;
  int page = 0;
  int pages = 0;
  std::string text;
  std::optional<diagnostic> note;

  build_event() = default;
};

}  // namespace v0
}  // namespace texbuild
