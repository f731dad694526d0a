// What is installed: each program is started once, as a build would start it.
#include <texbuild/installation.hpp>
#include <texbuild/process.hpp>

#include <cstdlib>
#include <filesystem>

namespace texbuild {
inline namespace v0 {
namespace {

namespace fs = std::filesystem;

struct program {
  const char* name;
  const char* version_flag;
  bool required;
  const char* what_for;
  const char* package;
};

constexpr program programs[] = {
    {"pdflatex", "--version", true, "engine", "texlive-latex-base"},
    {"xelatex", "--version", false, "engine", "texlive-xetex"},
    {"xdvipdfmx", "--version", false, "PDFs of xelatex", "texlive-xetex"},
    {"lualatex", "--version", false, "engine", "texlive-luatex"},
    {"luaotfload-tool", "--version", false, "fonts of lualatex", "texlive-luatex"},
    {"bibtex", "--version", false, "bibliographies", "texlive-binaries"},
    {"biber", "--version", false, "bibliographies of biblatex", "biber"},
    {"makeindex", "--version", false, "indexes", "texlive-binaries"},
    {"makeglossaries", "--version", false, "glossaries", "texlive-extra-utils"},
    {"mktexpk", "--version", false, "bitmap fonts", "texlive-binaries"},
};

std::string first_line(const std::string& text) {
  const auto start = text.find_first_not_of(" \r\n\t");
  if (start == std::string::npos) return {};
  return text.substr(start, text.find_first_of("\r\n", start) - start);
}

}  // namespace

std::vector<installation_finding> inspect_installation(process_runner* sandbox) {
  std::vector<installation_finding> found;
  std::shared_ptr<process_runner> own;
  installation_finding walls{"sandbox", true, sandbox != nullptr, "bubblewrap", ""};
  if (sandbox == nullptr) {
    auto made = make_sandbox();
    walls.found = made.has_value();
    if (made) {
      own = std::move(*made);
      sandbox = own.get();
    } else {
      walls.detail = made.error().detail();
      walls.fix = "apt-get install bubblewrap";
    }
  }
  found.push_back(walls);
  std::error_code failed;
  auto pattern = (fs::temp_directory_path(failed) / "texbuild-doctor-XXXXXX").string();
  if (failed || ::mkdtemp(pattern.data()) == nullptr) {
    found.push_back({"temporary folder", true, false, "cannot be written", "set TMPDIR to a folder that can"});
    return found;
  }
  for (const auto& p : programs) {
    installation_finding f{p.name, p.required, false, p.what_for, "apt-get install " + std::string(p.package)};
    if (sandbox != nullptr) {
      command ask;
      ask.argv = {p.name, p.version_flag};
      ask.root = pattern;
      ask.limits.wall = std::chrono::seconds(20);
      std::string said;
      const auto ran = sandbox->run(ask, [&](std::string_view text) { said += text; }, {});
      f.found = ran && ran->exit_status != 127 && ran->exit_status != -1;
      if (f.found) {
        f.detail = first_line(said);
        f.fix.clear();
      }
    } else {
      f.detail += " (not tried: no sandbox)";
    }
    found.push_back(std::move(f));
  }
  fs::remove_all(pattern, failed);
  return found;
}

}  // namespace v0
}  // namespace texbuild
