// Builds per minute of this machine under a mixed load: as many workers as processors take jobs from one queue and do
// them through the library, or with latexmk (which has no sandbox to set up). For each processor there is a user who
// has all seven documents; each is built for the first time, and then some times after an edit at a random place.
// Rounds take turns; medians.
//
//   bench_mixed_load [rounds] [edits of a project]
#include "bench/documents.hpp"

#include <atomic>
#include <exception>
#include <iostream>
#include <memory>
#include <mutex>
#include <thread>

namespace {

using bench::documents;
namespace fs = std::filesystem;

/// One document of one user.
struct open_project {
  const bench::document& of;
  fs::path folder;
  std::string owner;
  bench::working_copy copy;
  std::mt19937 dice;
  bool built = false;
  std::mutex one_at_a_time;

  open_project(const bench::document& d, fs::path where, std::string user, unsigned int seed)
      : of(d), folder(std::move(where)), owner(std::move(user)), copy(d, {folder}), dice(seed) {}
};

/// Runs `edits` + 1 builds of everyone's documents; builds a minute.
template <class F>
double load(const fs::path& folder, const std::string& round, int edits, F&& build_one) {
  const auto workers = std::max(1U, std::thread::hardware_concurrency());
  std::vector<std::unique_ptr<open_project>> projects;
  for (unsigned int user = 0; user < workers; ++user)
    for (const auto& d : documents) {
      const auto owner = round + "-" + std::to_string(user);
      projects.push_back(std::make_unique<open_project>(d, folder / (owner + "-" + d.word), owner, user));
    }
  const auto jobs = projects.size() * static_cast<std::size_t>(edits + 1);
  std::atomic<std::size_t> next{0};
  std::exception_ptr problem;
  std::mutex guards_problem;
  const auto took = bench::time_of([&] {
    std::vector<std::jthread> threads;
    for (unsigned int i = 0; i < workers; ++i)
      threads.emplace_back([&] {
        try {
          for (std::size_t job = next++; job < jobs; job = next++) {
            auto& project = *projects[job % projects.size()];
            const std::lock_guard lock(project.one_at_a_time);
            if (project.built) project.copy.edit(0, 1, project.dice);
            project.built = true;
            build_one(project);
          }
        } catch (...) {
          const std::lock_guard lock(guards_problem);
          problem = std::current_exception();
          next = jobs;
        }
      });
  });
  if (problem) std::rethrow_exception(problem);
  return static_cast<double>(jobs) / took * 60'000;
}

}  // namespace

int main(int argc, char** argv) try {
  const int rounds = argc > 1 ? std::max(1, std::atoi(argv[1])) : 3;
  const int edits = argc > 2 ? std::max(0, std::atoi(argv[2])) : 4;
  const bench::scratch_folder scratch;
  auto engine = texbuild::engine::open(bench::usual_options()).value();
  engine.warm().value();
  std::vector<double> ours, theirs;
  for (int round = 0; round < rounds; ++round) {
    std::cerr << "\rround " << round + 1 << "   ";
    const auto name = std::to_string(round);
    const auto run_ours = [&] {
      ours.push_back(load(scratch.path, "ours" + name, edits,
                          [&](const open_project& p) { (void)bench::build(engine, p.of, p.folder, p.owner); }));
    };
    if (round % 2 == 0) run_ours();
    theirs.push_back(load(scratch.path, "theirs" + name, edits,
                          [](const open_project& p) { (void)bench::latexmk(p.of, p.folder); }));
    if (round % 2 != 0) run_ours();
  }
  std::cerr << '\n';
  std::printf(
      "| builds a minute, %u workers, 1 of %d a first one | texbuild | latexmk | ratio |\n|---|---:|---:|---:|\n",
      std::thread::hardware_concurrency(), edits + 1);
  const double us = bench::median(ours);
  const double them = bench::median(theirs);
  std::printf("| all seven documents, edits in between | %.0f | %.0f | %.2f |\n", us, them, us / them);
  return 0;
} catch (const std::exception& e) {
  std::cerr << '\n' << e.what() << '\n';
  return 1;
}
