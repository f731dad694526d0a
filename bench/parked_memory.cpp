// Memory of the processes that wait (warm engines, and whatever an engine keeps of open projects) with some numbers of
// open projects: what the library says, and what /proc says of all processes below this one. A project is one of the
// seven documents in turn, each of another user, built and then built again after an edit.
//
//   bench_parked_memory [number of projects …]
#include "bench/documents.hpp"
#include "bench/process_tree.hpp"

#include <iostream>
#include <thread>

namespace {

using bench::documents;

struct figures {
  std::size_t processes = 0;
  double own_mb = 0;    // pages that nobody else has
  double share_mb = 0;  // with a part of those that several have
  std::size_t unseen = 0;
};

figures waiting() {
  figures sum;
  for (const auto& p : bench::process_tree()) {
    if (p.pid == ::getpid()) continue;
    const auto share = bench::memory_kb(p.pid, "Pss");
    ++sum.processes;
    sum.unseen += share == 0;
    sum.share_mb += static_cast<double>(share) / 1024;
    sum.own_mb +=
        static_cast<double>(bench::memory_kb(p.pid, "Private_Dirty") + bench::memory_kb(p.pid, "Private_Clean")) / 1024;
  }
  return sum;
}

}  // namespace

int main(int argc, char** argv) try {
  std::vector<int> counts;
  for (int i = 1; i < argc; ++i) counts.push_back(std::atoi(argv[i]));
  if (counts.empty()) counts = {1, 10, 50};
  counts.insert(counts.begin(), 0);

  bench::keep_orphans();
  const bench::scratch_folder scratch;
  auto engine = texbuild::engine::open(bench::usual_options()).value();
  engine.warm().value();
  std::printf(
      "| open projects | processes | waiting, says the library | its memory, MB | /proc: own pages, MB | /proc: share, "
      "MB "
      "|\n|---:|---:|---:|---:|---:|---:|\n");
  std::mt19937 dice(5);
  int open = 0;
  for (const int count : counts) {
    for (; open < count; ++open) {
      std::cerr << "\rproject " << open + 1 << "   ";
      const auto& d = documents[static_cast<std::size_t>(open) % documents.size()];
      const auto folder = scratch.path / std::to_string(open);
      bench::working_copy copy(d, {folder});
      const auto owner = "user" + std::to_string(open);
      (void)bench::build(engine, d, folder, owner);
      copy.edit(0, 1, dice);
      (void)bench::build(engine, d, folder, owner);
    }
    std::cerr << '\r';
    std::this_thread::sleep_for(std::chrono::seconds(1));  // whatever has ended is gone
    const auto seen = waiting();
    const auto stats = engine.stats().warm;
    std::printf("| %d | %zu | %llu | %.0f | %.0f | %.0f |\n", count, seen.processes,
                static_cast<unsigned long long>(stats.parked), static_cast<double>(stats.memory_bytes) / (1 << 20),
                seen.own_mb, seen.share_mb);
    std::fflush(stdout);
    if (seen.unseen > 0) std::cerr << seen.unseen << " processes hide their memory: run it as root\n";
  }
  return 0;
} catch (const std::exception& e) {
  std::cerr << '\n' << e.what() << '\n';
  return 1;
}
