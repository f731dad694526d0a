// Warm engines beside the plain sandbox, with folders for jobs of both; and the steps of a build by either.
#pragma once

#include "src/process/font_cache.hpp"
#include "src/tex/log_parser.hpp"
#include "src/tex/pass_planner.hpp"
#include "src/tex/recorder.hpp"
#include "tests/build/temporary_folder.hpp"

#include <texbuild/process.hpp>
#include <texbuild/warm_engines.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

using files = std::map<std::string, std::string>;  // name → content

inline std::shared_ptr<texbuild::process_runner> plain_sandbox() {
  static const auto one = texbuild::make_sandbox().value();
  return one;
}

/// Fonts, made once for all tests.
inline const std::vector<texbuild::folder_view>& font_caches() {
  static const auto made = [] {
    texbuild::process::warm_fonts(*plain_sandbox(), TEXBUILD_TEST_CACHE, {}, {}).value();
    return std::vector<texbuild::folder_view>{
        {texbuild::process::warm_font_cache(TEXBUILD_TEST_CACHE).value(), "/cache"}};
  }();
  return made;
}

struct job_folder {
  std::filesystem::path root;
  std::filesystem::path scratch;

  [[nodiscard]] files all() const {
    files out;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root))
      if (entry.is_regular_file()) out[entry.path().lexically_relative(root).string()] = read_file(entry.path());
    return out;
  }
};

class warm_host {
 public:
  explicit warm_host(const texbuild::warm_options& with = {}) : engines_(make(with)) {}

  texbuild::warm_engines& engines() { return *engines_; }
  /// All engines are parked.
  void prepare() { engines_->prepare(font_caches(), true); }
  void end() { engines_.reset(); }

  job_folder folder(const files& content = {}) {
    const auto own = jobs() / std::to_string(count_++);
    job_folder out{own / "job", own / "tmp"};
    std::filesystem::create_directories(out.root);
    std::filesystem::create_directories(out.scratch);
    texbuild::process::link_font_cache(font_caches().front().host, out.scratch);
    put(out, content);
    return out;
  }

  /// The folder of a project, with nothing in it but `content`. Gone, but for what is parked, with the pointer.
  std::shared_ptr<const job_folder> project(const std::string& name, const files& content, std::string owner = {}) {
    if (owner.empty()) owner = "owner of " + name;
    auto place = engines_->lend(owner, name);
    if (!place) throw std::runtime_error("the project has no place");
    auto out = std::make_shared<lent_folder>(lent_folder{{*place / "job", *place / "tmp"}, place});
    texbuild::process::link_font_cache(font_caches().front().host, out->scratch);
    put(*out, content);
    return out;
  }

  [[nodiscard]] static texbuild::command command_in(const job_folder& place, std::vector<std::string> argv) {
    texbuild::command what;
    what.argv = std::move(argv);
    what.root = place.root;
    what.scratch = place.scratch;
    what.readable = font_caches();
    what.variables = {{"SOURCE_DATE_EPOCH", "1700000000"}, {"FORCE_SOURCE_DATE", "1"}};
    what.limits.wall = std::chrono::minutes(2);
    return what;
  }

  [[nodiscard]] std::filesystem::path jobs() const { return base_.path() / "jobs"; }

 private:
  struct lent_folder : job_folder {
    std::shared_ptr<const std::filesystem::path> lent;
  };

  static void put(const job_folder& place, const files& content) {
    for (const auto& [name, text] : content) {
      write_file(place.root / name, text);
      // Documents can ask how old a file is.
      std::filesystem::last_write_time(place.root / name, std::filesystem::file_time_type(std::chrono::hours(1)));
    }
  }

  std::shared_ptr<texbuild::warm_engines> make(texbuild::warm_options with) {
    with.jobs = jobs();
    with.folder = base_.path() / "warm";
    std::filesystem::create_directories(with.jobs);
    return texbuild::warm_engines::make(plain_sandbox(), with).value();
  }

  temporary_folder base_;
  std::atomic<int> count_{0};
  std::shared_ptr<texbuild::warm_engines> engines_;
};

/// What the planner asks of an engine for `main`.
inline std::vector<std::string> engine_argv(texbuild::tex_engine engine, const std::string& main) {
  texbuild::tex::plan_options plan;
  plan.engine = engine;
  plan.main_file = main;
  return texbuild::tex::pass_planner(plan).next(nullptr).arguments;
}

/// One job of a test that cares for what comes of it.
struct ran_job {
  texbuild::process_result result;
  std::string said;
};

inline ran_job run_in(texbuild::process_runner& runner, const texbuild::command& what, std::stop_token stop = {}) {
  ran_job out;
  out.result = runner
                   .run(
                       what, [&](std::string_view part) { out.said += part; }, std::move(stop))
                   .value();
  return out;
}
