// Whole builds through the public engine, by techniques that make them fast and by none, held against each other.
#pragma once

#include "tests/edits/paper.hpp"
#include "tests/warm/same_files.hpp"

#include <texbuild/engine.hpp>

#include <cstdlib>
#include <memory>
#include <zlib.h>

/// What may not be told apart of two builds of the same sources.
struct left_behind {
  texbuild::build_status status = texbuild::build_status::pending;
  std::string message;
  std::vector<texbuild::diagnostic> diagnostics;
  files outputs;  // with "pdf" and the unpacked "synctex"
  int passes = 0;
  bool cached = false;

  [[nodiscard]] bool succeeded() const { return status == texbuild::build_status::completed; }
};

inline std::string unpacked(const std::string& gzip) {
  z_stream stream{};
  if (::inflateInit2(&stream, 15 + 16) != Z_OK) return "not unpacked";
  std::string out;
  char part[16384];
  std::string from = gzip;
  stream.next_in = reinterpret_cast<Bytef*>(from.data());
  stream.avail_in = static_cast<uInt>(from.size());
  for (int state = Z_OK; state == Z_OK;) {
    stream.next_out = reinterpret_cast<Bytef*>(part);
    stream.avail_out = sizeof part;
    state = ::inflate(&stream, Z_NO_FLUSH);
    out.append(part, sizeof part - stream.avail_out);
    if (state != Z_OK && state != Z_STREAM_END) out += "(damaged)";
  }
  ::inflateEnd(&stream);
  return out;
}

inline left_behind left_by(texbuild::engine& engine, const texbuild::build_outcome& outcome) {
  left_behind out;
  out.status = outcome.info.status;
  out.message = outcome.info.message;
  out.diagnostics = outcome.diagnostics;
  out.passes = outcome.info.passes;
  out.cached = outcome.info.cached;
  if (outcome.pdf) out.outputs["pdf"] = outcome.pdf->bytes().read_all().value();
  if (outcome.synctex) out.outputs["synctex"] = unpacked(outcome.synctex->bytes().read_all().value());
  for (const auto& file : outcome.outputs)
    if (!file.name.ends_with(".pdf") && !file.name.ends_with(".synctex.gz"))
      out.outputs[file.name] = engine.open_artifact(outcome.info.id, file.name).value().bytes().read_all().value();
  return out;
}

inline texbuild::build_outcome build_by(texbuild::engine& engine, const paper& what, const std::string& project,
                                        const std::string& owner = "") {
  const temporary_folder folder;
  for (const auto& [name, text] : what.files) write_file(folder.path() / name, text);
  texbuild::build_request request;
  request.engine = what.engine;
  request.main_file = what.main;
  request.project = project;
  request.owner = owner;
  return engine.build(texbuild::project::from_folder(folder.path()).value(), request).value();
}

/// A file that the document itself writes is there from the second pass on, and LaTeX's filecontents says so. A build
/// that goes on from an earlier one's files may have but one pass.
inline std::string without_other_passes(const std::string& log) {
  constexpr std::string_view written = "LaTeX Warning: Writing or overwriting file ";
  std::string out;
  std::istringstream in(log);
  for (std::string line; std::getline(in, line); out += line + '\n')
    if (line.starts_with(written)) line = "LaTeX Info: Writing file " + line.substr(written.size());
  return out;
}

inline std::vector<texbuild::diagnostic> without_other_passes(std::vector<texbuild::diagnostic> all) {
  std::erase_if(all, [](const auto& d) { return d.message.find("Writing or overwriting file") != std::string::npos; });
  return all;
}

/// The first difference, for a person; "" if there is none.
inline std::string difference_between(const left_behind& plain, const left_behind& fast, texbuild::tex_engine engine) {
  if (plain.status != fast.status)
    return "plain " + std::string(to_string(plain.status)) + " (" + plain.message + "), fast " +
           std::string(to_string(fast.status)) + " (" + fast.message + ")";
  if (plain.message != fast.message) return "plain says " + plain.message + ", fast says " + fast.message;
  if (plain.message.starts_with("stopped: ")) return {};  // anywhere
  for (const auto& [name, text] : plain.outputs) {
    const auto other = fast.outputs.find(name);
    if (other == fast.outputs.end()) return name + " is missing";
    if (name == "pdf" || name == "synctex") {
      if (text == other->second) continue;
      const auto at = std::mismatch(text.begin(), text.end(), other->second.begin(), other->second.end()).first;
      return name + " differs at byte " + std::to_string(at - text.begin()) + " of " + std::to_string(text.size());
    }
    auto mine = comparable(name, text, engine);
    auto theirs = comparable(name, other->second, engine);
    if (name.ends_with(".log")) {
      mine = without_other_passes(mine);
      theirs = without_other_passes(theirs);
    }
    if (mine != theirs) return name + " differs in " + difference(mine, theirs);
  }
  for (const auto& [name, text] : fast.outputs)
    if (!plain.outputs.contains(name)) return name + " is extra";
  if (without_other_passes(plain.diagnostics) != without_other_passes(fast.diagnostics)) {
    std::string out = "other messages; plain:";
    for (const auto& d : plain.diagnostics) out += "\n  " + to_string(d);
    out += "\nfast:";
    for (const auto& d : fast.diagnostics) out += "\n  " + to_string(d);
    return out;
  }
  return {};
}

inline bool settled(const left_behind& what) {
  return std::none_of(what.diagnostics.begin(), what.diagnostics.end(),
                      [](const auto& d) { return d.message.find("the document did not settle") != std::string::npos; });
}

struct SameOutcome : ::testing::Test {
  static texbuild::engine_options defaults() {
    texbuild::engine_options o;
    o.cache_folder = TEXBUILD_TEST_CACHE;
    o.workers = 2;
    o.parked_bytes = std::uint64_t{1} << 30;
    o.limits.wall = std::chrono::seconds(30);  // some mistakes make TeX run for ever
    o.source_date = std::chrono::sys_days(std::chrono::year(2026) / 3 / 1);
    return o;
  }
  static texbuild::engine_options with_nothing() {
    auto o = defaults();
    o.warm_engines = false;
    o.parked_bytes = 0;
    o.keep_state = false;
    o.result_cache_bytes = 0;
    return o;
  }
  /// Warm engines are held against plain ones by tests of their own, so that they can stand for these where many builds
  /// are compared. Nothing that they do may come from an earlier build.
  static texbuild::engine_options with_warm_engines_alone() {
    auto o = with_nothing();
    o.warm_engines = true;
    return o;
  }
  /// With LuaTeX's fonts made.
  static std::unique_ptr<texbuild::engine> open(const texbuild::engine_options& options) {
    (void)font_caches();
    return std::make_unique<texbuild::engine>(texbuild::engine::open(options).value());
  }
  static std::string name() { return ::testing::UnitTest::GetInstance()->current_test_info()->name(); }
};
