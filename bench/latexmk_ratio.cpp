// Builds through the library, with the settings it has when none is set (sandbox, SyncTeX, warm engines, results and
// state kept), against latexmk on the same project after the same edit: wall time and processor time, interleaved in
// one run. Prints Markdown tables of medians and ratios, the figure to reach behind each ratio, and can draw them.
//
//   bench_latexmk [rounds] [row …] [document …] [chart.svg]
//
// Each round begins a project that neither has seen, builds it (row "first"), builds it again as it is ("nothing"), and
// after an edit of one word at a random place of its body ("edit"). The last of these projects is then edited once a
// round in its middle ("middle"), and in its last tenth ("end"): these are third builds and later ones. pgfplots has
// only drawings in its last tenth and is edited in its last paragraph, at two thirds. latexmk works in a folder of each
// project's own and finds there what it left, as people use it.
#include "bench/documents.hpp"
#include "bench/process_tree.hpp"
#include "bench/ratio_chart.hpp"

#include <texbuild/version.hpp>

#include <cstdio>
#include <iostream>
#include <map>
#include <set>
#include <sys/utsname.h>
#include <thread>

namespace {

using bench::document;
using bench::documents;
using bench::format;
namespace fs = std::filesystem;

struct row {
  const char* word;
  const char* short_title;  // for the chart
  const char* title;
  std::array<double, documents.size()> target;  // 0: there is none
};
const std::vector<row> rows = {
    {"nothing", "nothing changed", "nothing changed", {.05, .05, .05, .05, .05, .05, .05}},
    {"first", "first build", "first build of a project ever seen", {.12, .25, .75, .75, .20, .40, .40}},
    {"edit", "edit anywhere", "rebuild after a one-word edit, anywhere", {.12, .22, .72, .72, .20, .40, .40}},
    {"middle", "edit in the middle", "… in the middle, third build on", {0, .15, .40, .20, .20, .27, .20}},
    {"end", "edit in the last tenth", "… in the last tenth", {0, .10, .10, .15, .15, .18, .15}},
};

/// What was measured of one row and document.
struct cell {
  std::vector<double> ours, theirs;  // wall, ms
  double our_cpu = 0, their_cpu = 0;
  int our_passes = 0, their_passes = 0;

  [[nodiscard]] double ratio() const { return bench::median(ours) / bench::median(theirs); }
};

/// One project, built by both.
class contest {
 public:
  contest(texbuild::engine& engine, const document& d, const fs::path& folder, std::string owner)
      : engine_(engine),
        document_(d),
        owner_(std::move(owner)),
        ours_(folder / "ours"),
        theirs_(folder / "theirs"),
        copy_(d, {ours_, theirs_}) {}

  void edit(double from, double to, std::mt19937& dice) { copy_.edit(from, to, dice); }

  void run(cell& into, bool we_begin) {
    if (we_begin) run_ours(into);
    into.theirs.push_back(bench::time_of([&] { into.their_cpu += bench::latexmk(document_, theirs_); }));
    into.their_passes = bench::latexmk_passes(theirs_);
    if (!we_begin) run_ours(into);
  }

 private:
  void run_ours(cell& into) {
    const double before = bench::tree_cpu_ms();
    into.ours.push_back(bench::time_of([&] {
      const auto outcome = bench::build(engine_, document_, ours_, owner_);
      into.our_passes = outcome.info.passes;
    }));
    // What an engine still does behind a build counts as ours, and is over before latexmk has the machine.
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    into.our_cpu += bench::tree_cpu_ms() - before;
  }

  texbuild::engine& engine_;
  const document& document_;
  std::string owner_;
  fs::path ours_, theirs_;
  bench::working_copy copy_;
};

std::string first_line(const std::string& command) {
  std::string line;
  if (FILE* out = ::popen(command.c_str(), "r"); out != nullptr) {
    for (int c = 0; (c = std::fgetc(out)) != EOF && c != '\n';) line += static_cast<char>(c);
    ::pclose(out);
  }
  return line;
}

std::string machine() {
  utsname kernel{};
  ::uname(&kernel);
  return std::to_string(std::thread::hardware_concurrency()) + " cores (" +
         first_line("sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo") + "), Linux " + kernel.release + ", " +
         first_line("sed -n 's/^PRETTY_NAME=\"\\(.*\\)\"/\\1/p' /etc/os-release");
}

std::string versions() {
  return "texbuild " + std::string(texbuild::version()) + ", " + first_line("pdflatex --version") + ", " +
         first_line("latexmk --version | grep .");
}

using cells = std::map<std::string, std::map<std::string, cell>>;  // row, document

template <class F>
void print_table(const char* corner, const std::vector<row>& shown, const std::vector<document>& columns, F&& text) {
  std::printf("| %s |", corner);
  for (const auto& d : columns) std::printf(" %s |", d.title);
  std::printf("\n|---|");
  for (std::size_t i = 0; i < columns.size(); ++i) std::printf("---:|");
  for (const auto& r : shown) {
    std::printf("\n| %s |", r.title);
    for (const auto& d : columns) std::printf(" %s |", text(r, d).c_str());
  }
  std::printf("\n");
}

}  // namespace

int main(int argc, char** argv) try {
  int rounds = 7;
  fs::path chart;
  std::set<std::string> asked;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word.ends_with(".svg"))
      chart = word;
    else if (std::isdigit(static_cast<unsigned char>(word.front())))
      rounds = std::max(1, std::stoi(word));
    else
      asked.insert(word);
  }
  const auto chosen = [&](const auto& all) {
    std::vector<std::decay_t<decltype(*all.begin())>> some;
    for (const auto& one : all)
      if (asked.erase(one.word) > 0) some.push_back(one);
    return some.empty() ? decltype(some)(all.begin(), all.end()) : some;
  };
  const auto shown = chosen(rows);
  const auto columns = chosen(documents);
  if (!asked.empty()) {
    std::cerr << *asked.begin() << ": no number of rounds, no row, no document, no .svg\n";
    return 2;
  }
  const auto wanted = [&](const char* word) {
    return std::any_of(shown.begin(), shown.end(), [&](const row& r) { return std::string(r.word) == word; });
  };

  bench::keep_orphans();
  const bench::scratch_folder scratch;
  auto engine = texbuild::engine::open(bench::usual_options()).value();
  std::cerr << "starting the engines, making the lists of fonts …\n";
  engine.warm().value();

  cells measured;
  int projects = 0;
  for (const auto& d : columns) {
    std::mt19937 dice(5);  // the same edits in every run
    std::unique_ptr<contest> project;
    const auto measure = [&](const char* word, int round) {
      cell thrown_away;                                                                // round -1 warms the disk
      project->run(round < 0 ? thrown_away : measured[word][d.word], round % 2 == 0);  // who goes first changes
    };
    const bool begun_anew = wanted("first") || wanted("nothing") || wanted("edit");
    for (int round = -1; round < (begun_anew ? rounds : 0); ++round) {
      std::cerr << '\r' << d.word << ": project " << round + 2 << "   ";
      project = std::make_unique<contest>(engine, d, scratch.path, "user" + std::to_string(++projects));
      measure("first", round);
      if (wanted("nothing")) measure("nothing", round);
      if (!wanted("edit")) continue;
      project->edit(0, 1, dice);
      measure("edit", round);
    }
    const auto edit_at = [&](const char* word, double from, double to) {
      if (!wanted(word) || std::string(d.word) == "hello") return;  // which is one line
      for (int round = -1; round < rounds; ++round) {
        std::cerr << '\r' << d.word << ": " << word << ' ' << round + 2 << "      ";
        project->edit(from, to, dice);
        measure(word, round);
      }
    };
    edit_at("middle", .45, .55);
    edit_at("end", .9, 1);
  }
  std::cerr << '\n';

  const auto in_cell = [&](auto&& text) {
    return [&measured, text](const row& r, const document& d) {
      const auto& line = measured[r.word];
      const auto found = line.find(d.word);
      return found == line.end() ? std::string("–") : text(found->second, r, d);
    };
  };
  print_table(
      "ratio to latexmk (to reach)", shown, columns, in_cell([&](const cell& c, const row& r, const document& d) {
        const auto number = std::find_if(documents.begin(), documents.end(),
                                         [&](const document& other) { return other.word == std::string_view(d.word); });
        return format("%.2f (%.2f)", c.ratio(), r.target[static_cast<std::size_t>(number - documents.begin())]);
      }));
  std::printf("\n");
  print_table("ms, texbuild / latexmk", shown, columns, in_cell([](const cell& c, const row&, const document&) {
                const double ours = bench::median(c.ours);
                return format(ours < 10 ? "%.1f / %.0f" : "%.0f / %.0f", ours, bench::median(c.theirs));
              }));
  std::printf("\n");
  print_table(
      "ratio of processor time (counted in steps of 10 ms)", shown, columns,
      in_cell([](const cell& c, const row&, const document&) { return format("%.2f", c.our_cpu / c.their_cpu); }));
  std::printf("\n");
  print_table("passes, texbuild / latexmk", shown, columns, in_cell([](const cell& c, const row&, const document&) {
                return format("%d / %d", c.our_passes, c.their_passes);
              }));
  const auto below = "Medians of " + std::to_string(rounds) + ", in turns with latexmk. " + machine() + ".";
  std::printf("\n%s\n%s.\n", below.c_str(), versions().c_str());

  if (!chart.empty()) {
    bench::ratio_chart picture;
    picture.title = "Time of a build, latexmk = 1.00: less is better";
    picture.one = "latexmk";
    picture.below = below;
    for (const auto& d : columns) picture.groups.emplace_back(d.title);
    for (const auto& r : shown) {
      picture.bars.emplace_back(r.short_title);
      auto& values = picture.values.emplace_back();
      for (const auto& d : columns) {
        const auto& line = measured[r.word];
        const auto found = line.find(d.word);
        values.push_back(found == line.end() ? std::nullopt : std::optional(found->second.ratio()));
      }
    }
    picture.write(chart);
  }
  return 0;
} catch (const std::exception& e) {
  std::cerr << '\n' << e.what() << '\n';
  return 1;
}
