// Every example and every project of the tests, built by each technique that makes builds fast and by none: first, and
// after an edit. By default all techniques work together, on some of them; with TEXBUILD_EDITS each works alone, too,
// on all of them.
#include "tests/edits/same_outcome.hpp"
#include "tests/warm/oddities.hpp"

namespace {

using oddities::oddity;
using texbuild::tex_engine;

bool thorough() { return std::getenv("TEXBUILD_EDITS") != nullptr; }

struct technique {
  const char* name;
  void (*use)(texbuild::engine_options&);
};

/// The first one: all of them.
const technique techniques[] = {
    {"all", [](texbuild::engine_options& o) { o = SameOutcome::defaults(); }},
    {"warm engines", [](texbuild::engine_options& o) { o.warm_engines = true; }},
    {"copies of warm engines",
     [](texbuild::engine_options& o) {
       o.warm_engines = true;
       o.parked_bytes = 1u << 30;
     }},
    {"kept state", [](texbuild::engine_options& o) { o.keep_state = true; }},
    {"the result cache", [](texbuild::engine_options& o) { o.result_cache_bytes = 1u << 30; }},
};

paper from_folder(const std::string& folder, tex_engine engine) {
  const auto root = std::filesystem::path(TEXBUILD_SOURCE_DIR) / folder;
  paper out;
  out.engine = engine;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root))
    if (entry.is_regular_file()) out.files[entry.path().lexically_relative(root).string()] = read_file(entry.path());
  return out;
}

/// One word more in the middle of the main file.
paper edited(paper what) {
  auto& text = what.files.at(what.main);
  const auto begin = text.find("\\begin{document}\n");
  const auto end = text.rfind("\\end{document}");
  if (begin == std::string::npos || end == std::string::npos) {
    text += "% more\n";
    return what;
  }
  auto at = text.find("\n\n", begin + (end - begin) / 2);  // between paragraphs
  if (at == std::string::npos || at > end) at = text.rfind('\n', end - 1);
  text.insert(at + 1, "More.\n");
  return what;
}

struct Examples : SameOutcome {
  std::unique_ptr<texbuild::engine> plain = open(with_nothing());

  void expect_same(const paper& what, texbuild::engine& fast, const std::string& project) {
    for (const bool first : {true, false}) {
      const auto version = first ? what : edited(what);
      const auto mine = left_by(fast, build_by(fast, version, project));
      if (first && !thorough()) continue;
      const auto other = left_by(*plain, build_by(*plain, version, project));
      EXPECT_EQ(difference_between(other, mine, what.engine), "") << (first ? "first" : "after an edit");
    }
  }
  void expect_same(const paper& what) {
    for (const auto& one : techniques) {
      SCOPED_TRACE(one.name);
      auto options = with_nothing();
      one.use(options);
      const auto fast = open(options);
      expect_same(what, *fast, name());
      if (!thorough()) break;
    }
  }
};

TEST_F(Examples, AreTheSameForThePaper) { expect_same(from_folder("examples/paper", tex_engine::pdflatex)); }

TEST_F(Examples, AreTheSameForDocumentsThatFailOrLookAtTheEngine) {
  const auto fast = open(defaults());
  std::vector<oddity> all(std::begin(oddities::errors), std::end(oddities::errors));
  all.insert(all.end(), std::begin(oddities::looks), std::end(oddities::looks));
  for (std::size_t i = 0; i < all.size(); i += thorough() ? 1 : 15)
    for (const auto engine : {tex_engine::pdflatex, tex_engine::xelatex, tex_engine::lualatex}) {
      SCOPED_TRACE(std::string(to_string(engine)) + " " + all[i].name);
      paper what;
      what.engine = engine;
      what.files = all[i].others;
      what.files["main.tex"] = all[i].text;
      expect_same(what, *fast, all[i].name);
      if (!thorough()) break;
    }
}

struct document_folder {
  const char* name = "";
  tex_engine engine = tex_engine::pdflatex;
};
void PrintTo(const document_folder& what, std::ostream* out) { *out << what.name; }

struct Documents : Examples, ::testing::WithParamInterface<document_folder> {};

TEST_P(Documents, AreTheSame) {
  expect_same(from_folder(std::string("bench/documents/") + GetParam().name, GetParam().engine));
}

std::vector<document_folder> documents() {
  std::vector<document_folder> all{{"a_hello", tex_engine::pdflatex},    {"e_xefont", tex_engine::xelatex},
                                   {"b_article", tex_engine::pdflatex},  {"c_beamer", tex_engine::pdflatex},
                                   {"d_pgfplots", tex_engine::pdflatex}, {"f_luafont", tex_engine::lualatex},
                                   {"g_biber", tex_engine::pdflatex}};
  all.resize(thorough() ? all.size() : 2);
  return all;
}
INSTANTIATE_TEST_SUITE_P(Bench, Documents, ::testing::ValuesIn(documents()),
                         [](const auto& p) { return p.param.name; });

}  // namespace
