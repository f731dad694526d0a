// What is installed: each program is started once, as a build would start it.
#include <texbuild/installation.hpp>
#include <texbuild/process.hpp>

#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <string_view>

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
    {"makeindex", "--version", false, "indexes and glossaries", "texlive-binaries"},
    {"gs", "--version", false, "EPS pictures", "ghostscript"},
    {"mktexpk", "--version", false, "bitmap fonts", "texlive-binaries"},
};

/// The first line with a version in it, such as "2.18": scripts may grumble about the terminal or state their licence
/// before they say it.
std::string version_line(const std::string& text) {
  static constexpr std::string_view digits = "0123456789";
  const auto has_version = [](std::string_view line) {
    for (auto dot = line.find('.', 1); dot < line.size() - 1; dot = line.find('.', dot + 1))
      if (digits.find(line[dot - 1]) != digits.npos && digits.find(line[dot + 1]) != digits.npos) return true;
    return false;
  };
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    while (line.ends_with('\r') || line.ends_with(' ')) line.pop_back();
    line.erase(0, line.find_first_not_of(" \t"));
    if (!line.starts_with("License") && has_version(line)) return line;
  }
  return {};
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
      constexpr std::string_view install = "apt-get install bubblewrap";
      // With bubblewrap there, the detail says what else stands in the way: no package will help.
      if (walls.detail.find(install) != std::string::npos) walls.fix = install;
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
        if (auto version = version_line(said); !version.empty()) f.detail = std::move(version);
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
