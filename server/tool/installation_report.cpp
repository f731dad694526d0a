#include "server/tool/installation_report.hpp"

#include "server/tool/terminal_text.hpp"

#include <texbuild/text.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <ostream>
#include <set>
#include <sstream>
#include <string_view>

namespace texbuild_tool {
namespace {

using texbuild::installation_finding;

constexpr std::string_view install = "apt-get install ";

}  // namespace

std::string install_command(const std::vector<installation_finding>& findings) {
  std::set<std::string> packages;
  for (const auto& f : findings) {
    if (f.found || !f.fix.starts_with(install)) continue;
    std::istringstream words(f.fix.substr(install.size()));
    for (std::string package; words >> package;) packages.insert(package);
  }
  if (packages.empty()) return {};
  std::string out(install.substr(0, install.size() - 1));
  for (const auto& package : packages) out += " " + package;
  return out;
}

bool is_complete(const std::vector<installation_finding>& findings) {
  return std::all_of(findings.begin(), findings.end(), [](const auto& f) { return f.found || !f.required; });
}

void print_installation(std::ostream& out, const std::vector<installation_finding>& findings, bool utf8, bool as_root) {
  std::size_t width = 0;
  for (const auto& f : findings) width = std::max(width, f.name.size());
  for (const auto& f : findings) {
    const char* const mark = f.found ? (utf8 ? "\u2713" : "ok     ") : (utf8 ? "\u2717" : "MISSING");
    out << mark << ' ' << f.name << std::string(width - f.name.size() + 2, ' ') << printable(f.detail);
    if (!f.found) out << (f.required ? " (required)" : " (optional)");
    out << '\n';
  }
  const bool all = std::all_of(findings.begin(), findings.end(), [](const auto& f) { return f.found; });
  if (all) {
    out << "\nEverything is there.\n";
    return;
  }
  out << (is_complete(findings) ? "\nAll that is required is there. For the rest:\n"
                                : "\nTo install what is missing:\n");
  if (const auto command = install_command(findings); !command.empty())
    out << (as_root ? "  " : "  sudo ") << command << '\n';
  for (const auto& f : findings)
    if (!f.found && !f.fix.empty() && !f.fix.starts_with(install)) out << "  " << f.name << ": " << f.fix << '\n';
}

std::string to_json(const std::vector<installation_finding>& findings) {
  namespace json = boost::json;
  json::array all;
  for (const auto& f : findings) {
    json::object o;
    o["name"] = f.name;
    o["required"] = f.required;
    o["found"] = f.found;
    o["detail"] = texbuild::valid_utf8(f.detail);
    o["fix"] = f.fix;
    all.push_back(std::move(o));
  }
  json::object out;
  out["complete"] = is_complete(findings);
  out["install"] = install_command(findings);
  out["findings"] = std::move(all);
  return json::serialize(out);
}

}  // namespace texbuild_tool
