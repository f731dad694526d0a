#include "src/build/reuse.hpp"

#include "src/build/job_runner.hpp"
#include "src/build/report.hpp"
#include "src/crypto/digest.hpp"
#include "src/crypto/hmac.hpp"
#include "src/process/tex_generation.hpp"

#include <algorithm>
#include <array>
#include <map>

namespace texbuild {
inline namespace v0 {
namespace build {
namespace {

// To be counted up with every change of the planner, the compiling or the keeping that changes what comes of a build.
constexpr int logic = 2;

/// Hashes words so that no two lists of them run into each other.
class word_hash {
 public:
  void add(std::string_view word) {
    hash_.add(std::to_string(word.size()));
    hash_.add(":");
    hash_.add(word);
  }
  void add(std::int64_t number) { add(std::string_view(std::to_string(number))); }
  std::string finish() { return crypto::hex(hash_.finish()); }

 private:
  crypto::sha256_stream hash_;
};

void add_surroundings(word_hash& hash, std::string_view main_file, tex_engine engine, const engine_options& options) {
  hash.add(std::int64_t{logic});
  hash.add(process::tex_generation());
  hash.add(main_file);
  hash.add(to_string(engine));
  hash.add(std::int64_t{options.passes});
  hash.add(options.source_date ? std::int64_t{options.source_date->time_since_epoch() / std::chrono::seconds(1)}
                               : std::int64_t{-1});
}

bool has_text(std::string_view name) {
  constexpr std::array<std::string_view, 9> endings{".tex", ".ltx", ".bib", ".sty", ".cls",
                                                    ".bst", ".bbx", ".cbx", ".ist"};
  return std::any_of(endings.begin(), endings.end(), [&](auto ending) { return name.ends_with(ending); });
}

}  // namespace

std::string result_key(std::string_view content_hash, std::string_view main_file, tex_engine engine,
                       const engine_options& options, std::chrono::system_clock::time_point now) {
  word_hash hash;
  hash.add("result");
  add_surroundings(hash, main_file, engine, options);
  hash.add(content_hash);
  hash.add(std::int64_t{static_cast<std::int64_t>(options.log_bytes)});
  hash.add(std::int64_t{std::chrono::floor<std::chrono::days>(now.time_since_epoch()).count()});
  return hash.finish();
}

std::string project_key(const project& source, const build_request& request, std::string_view main_file,
                        tex_engine engine, const engine_options& options) {
  word_hash hash;
  hash.add(request.project.empty() ? "inferred" : "named");
  add_surroundings(hash, main_file, engine, options);
  if (!request.project.empty()) {
    hash.add(request.project);
  } else {
    for (const auto& file : source.files())
      if (has_text(file.name)) hash.add(file.name);
  }
  return hash.finish();
}

result<std::string> copy_result(blob_store& blobs, std::string_view report, std::string_view to_id) {
  auto kept = parse_report(report);
  if (!kept) return kept.error();
  const auto prefix = build_prefix(to_id) + "0/";
  std::map<std::string, std::string> copied;  // several files may lie in one object
  for (auto& file : kept->files) {
    auto& key = copied[file.key];
    if (key.empty()) {
      key = prefix + file.key.substr(file.key.rfind('/') + 1);
      if (auto done = blobs.copy(file.key, key); !done) return done.error();
    }
    file.key = key;
  }
  return to_json(*kept);
}

}  // namespace build
}  // namespace v0
}  // namespace texbuild
